import { expect, test } from 'vitest';
import { sparingLog } from '../../../src/core/sparing-log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { recordingLog } from '../../support/test-instance.ts';

function setUp() {
  const clock = new ManualClock();
  const log = recordingLog();
  return { clock, log, sparing: sparingLog(log, clock) };
}

test('of lines that say the same one in 5 s is written, with how many were left out', async () => {
  const { clock, log, sparing } = setUp();
  for (let n = 0; n < 10; n++) {
    sparing.warn('it failed', { n });
    await clock.advance(1_000);
  }
  sparing.warn('it failed', { n: 10 });
  expect(log.lines).toEqual([
    { level: 'warn', message: 'it failed', fields: { n: 0 } },
    { level: 'warn', message: 'it failed', fields: { n: 5, left_out: 4 } },
    { level: 'warn', message: 'it failed', fields: { n: 10, left_out: 4 } },
  ]);
});

test('what is said of another link, otherwise or louder is written', () => {
  const { log, sparing } = setUp();
  sparing.warn('it failed', { link: 'one' });
  sparing.warn('it failed', { link: 'other' });
  sparing.warn('it is slow', { link: 'one' });
  sparing.error('it failed', { link: 'one' });
  expect(log.lines).toHaveLength(4);
});
