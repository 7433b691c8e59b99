import { findProgram } from './program-path.ts';

/** The path of a Chromium, or of a browser of its kin; null where there is none. */
export const findChromium = (): string | null =>
  findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');

/** Why tests have no Chromium; null where there is one. */
export const noChromium: string | null =
  findChromium() === null ? 'chromium is not on PATH, and could not be installed' : null;
