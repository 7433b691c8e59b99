import { canInstallPackages, installPackage } from './debian-package.ts';
import { findProgram } from './program-path.ts';

/** The path of a Chromium, or of a browser of its kin; null where there is none. */
export const findChromium = (): string | null =>
  findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');

/** Why there can be no Chromium on this machine; null where there is one, or it can be installed. */
export const noChromium: string | null =
  findChromium() === null && !canInstallPackages()
    ? 'chromium is not on PATH, and can be installed on Debian, as root, only'
    : null;

/** Installs Chromium where there is none yet. */
export async function ensureChromium(): Promise<void> {
  if (findChromium() === null) await installPackage('chromium');
}
