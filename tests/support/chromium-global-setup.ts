import { findChromium } from './chromium-installation.ts';
import { installWherePossible } from './debian-package.ts';

/** Before the tests: an installation may take longer than any of them. */
export default async function provideChromium(): Promise<void> {
  if (findChromium() === null) await installWherePossible('chromium');
}
