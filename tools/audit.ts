import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { auditVerdict, otherLicences } from './audit-verdict.ts';

/** Part of the gate: known faults of what runs in production, and its licences. */

/** A gate without a way to the registry must not wait for it, in ms. */
const ASK_WITHIN_MS = 30_000;

const AUDIT = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=15000'];

const { stdout } = spawnSync('npm', AUDIT, {
  encoding: 'utf8',
  timeout: ASK_WITHIN_MS,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const verdict = auditVerdict(stdout ?? '');
switch (verdict.kind) {
  case 'passed':
    console.log(`audit: nothing high or critical in what runs in production; ${verdict.lesser} lesser`);
    break;
  case 'unavailable':
    console.log(`audit: not done, the registry could not be asked (${verdict.reason})`);
    break;
  case 'found':
    for (const line of verdict.lines) console.error(`audit: ${line}`);
    process.exitCode = 1;
}

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
for (const line of otherLicences(lock)) {
  console.error(`licence to be looked at: ${line}`);
  process.exitCode = 1;
}
