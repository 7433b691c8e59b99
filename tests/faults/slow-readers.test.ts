import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { LossLedger } from '../support/fault-ledger.ts';
import { eventually, startFragileRedis } from '../support/fault-stage.ts';
import { residentBytes } from '../support/process-memory.ts';
import type { Runtime } from '../support/server-process.ts';
import { startServer } from '../support/server-process.ts';
import { SlowReader } from '../support/slow-reader.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

const EVENTS = 2_000;
const BATCH = 50;
/** 500 events a second. */
const BATCH_EVERY_MS = 100;
/** So much that the kernel's buffers are full within about two seconds. */
const FILL = 'x'.repeat(8_000);
/** One in so many is critical: fewer than may wait. */
const CRITICAL = 50;
/** What the server may grow by while readers are stuck: a hundred events of each, and what is on its way, and noise. */
const GROWTH_BYTES = 96 * 1024 * 1024;

test.each<Runtime>(['node', 'deno'])(
  'G6 G7: clients of %s that read nothing or 1 KB a second get every critical event in order, and the names of the rest',
  async (runtime) => {
    const redis = await startFragileRedis();
    const env = {
      WS_RATE_LIMIT_PER_CONNECTION: '0',
      WS_RATE_LIMIT_GLOBAL: '0',
      WS_MAX_REPLAY_MESSAGES: String(10 * EVENTS),
    };
    const server = await startServer({ runtime, redisUrl: redis.url, env });
    onTestFinished(() => server.stop());
    const [user, ledger] = [newUser(), new LossLedger()];
    const url = `${server.wsUrl}/ws/agents?${new URLSearchParams({ token: await tokenFor(user) })}`;
    const stuck = await SlowReader.connect(url, ledger.open('that reads nothing', user), 0);
    const slow = await SlowReader.connect(url, ledger.open('that reads 1 KB a second', user), 1_000);
    const quick = await SlowReader.connect(url, ledger.open('that reads everything', user), 1e9);
    quick.readOn();

    const worker = new Worker(server.url);
    const critical: number[] = [];
    let resident = 0;
    for (let mark = 0; mark < EVENTS; mark += BATCH) {
      const marks = Array.from({ length: BATCH }, (_, index) => mark + index);
      const isCritical = (n: number): boolean => n % CRITICAL === CRITICAL - 1;
      const { status, body } = await worker.batch(
        marks.map((n) => {
          const priority = isCritical(n) ? 'critical' : n % 2 === 0 ? 'low' : 'normal';
          return numberedEvent(user, n, { priority, payload: { n, fill: FILL } });
        }),
      );
      expect(status).toBe(202);
      for (const [index, result] of (body.results as { epoch: string; sequence_id: number }[]).entries()) {
        const n = marks[index] ?? 0;
        ledger.accept(user, { mark: n, epoch: result.epoch, sequenceId: result.sequence_id });
        if (isCritical(n)) critical.push(n);
      }
      if (mark === EVENTS / 2) resident = residentBytes(server.pid);
      await pause(BATCH_EVERY_MS);
    }
    const growth = residentBytes(server.pid) - resident;

    for (const reader of [stuck, slow]) reader.readOn();
    const last = `"n":${EVENTS - 1},`;
    for (const reader of [stuck, slow, quick])
      await eventually('the last event is read', () => reader.hasRead(last));
    expect([stuck, slow, quick].map((reader) => reader.settle())).toEqual([null, null, null]);
    expect(ledger.faults()).toEqual([]);
    for (const { account } of [stuck, slow, quick]) {
      const came = account.entries.flatMap((entry) => (entry.kind === 'event' ? [entry.mark] : []));
      expect(came.filter((mark) => mark % CRITICAL === CRITICAL - 1)).toEqual(critical);
    }
    expect(ledger.namedTo(quick.account)).toEqual([]);
    expect(ledger.namedTo(stuck.account).length).toBeGreaterThan(100);
    expect(ledger.namedTo(slow.account).length).toBeGreaterThan(100);
    expect(growth).toBeLessThan(GROWTH_BYTES);
  },
);
