import { findChromium } from './chromium-installation.ts';
import { installWherePossible } from './debian-package.ts';
import { findDockerCompose } from './docker-compose-installation.ts';
import { findHaproxy } from './haproxy-installation.ts';
import { findPromtool } from './promtool.ts';
import { findPython } from './python-installation.ts';

/** What some tests need and skip themselves without: how it is found, and the package that has it. */
const PROGRAMS: readonly (readonly [find: () => string | null, name: string])[] = [
  [findHaproxy, 'haproxy'],
  [findChromium, 'chromium'],
  [findDockerCompose, 'docker-compose'],
  [() => findPython('requests'), 'python3-requests'],
  [() => findPython('websockets'), 'python3-websockets'],
  [findPromtool, 'prometheus'],
];

let installing: Promise<void> | null = null;

/** Before the tests, and for all of them at once: an installation may take longer than any of them. */
export default function providePackages(): Promise<void> {
  installing ??= installMissing();
  return installing;
}

async function installMissing(): Promise<void> {
  const missing = PROGRAMS.filter(([find]) => find() === null).map(([, name]) => name);
  if (missing.length > 0) await installWherePossible(...missing);
}
