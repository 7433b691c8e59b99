import { installWherePossible } from './debian-package.ts';
import { findHaproxy } from './haproxy-installation.ts';

/** Before the tests: an installation may take longer than any of them. */
export default async function provideHaproxy(): Promise<void> {
  if (findHaproxy() === null) await installWherePossible('haproxy');
}
