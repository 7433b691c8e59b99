import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { Connection } from '../../../src/core/connection.ts';
import { TokenExpiry } from '../../../src/core/token-expiry.ts';
import type { FakeSocket } from '../../support/fake-socket.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { noMetrics } from '../../support/no-metrics.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { aloneInstance } from '../../support/test-instance.ts';

const TICK = 250;
const MINUTE = 60_000;

it('10,000 connections are told and closed, each in its time, by one timer', async () => {
  const limits = { maxConnectionsPerUser: 0, connectRatePerAddress: 0 };
  const instance = aloneInstance({ ...limits, heartbeatMisses: 1_000_000 });
  const { clock, core } = instance;
  const timers = clock.timers;
  const all: { socket: FakeSocket; expiresAt: number }[] = [];
  for (let n = 0; n < 10_000; n++) {
    const expiresAt = clock.now() + 65_000 + (n % 100) * 50;
    all.push({
      expiresAt,
      socket: await instance.connect({ tokenExpiresAt: expiresAt, query: 'last_sequence_id=latest' }),
    });
  }
  expect(clock.timers).toBe(timers + 1);
  for (let second = 1; second <= 71; second++) {
    await clock.advance(1_000);
    const closed = all.filter(({ socket }) => socket.closedWith?.code === 4001).length;
    expect(closed).toBe(all.filter(({ expiresAt }) => expiresAt <= clock.now()).length);
    const told = all.filter(({ socket }) => socket.of('TOKEN_EXPIRING').length === 1).length;
    expect(told).toBe(all.filter(({ expiresAt }) => expiresAt - MINUTE <= clock.now()).length);
  }
  expect(core.connections.size).toBe(0);
  expect(clock.timers).toBe(timers);
}, 30_000);

/** A client, and what a judge that looks at everybody all the time would have said to it. */
type Watched = {
  readonly name: string;
  readonly noticeAt: number;
  readonly expiresAt: number;
  isTold: boolean;
};

/** A token expiry under test, and that judge. */
class Trial {
  readonly clock = new ManualClock();
  readonly heard: string[] = [];
  readonly #expiry = new TokenExpiry(this.clock, noMetrics);
  readonly #watched = new Map<Connection, Watched>();

  join(name: string, leftMs: number): void {
    const expiresAt = this.clock.now() + leftMs;
    const connection = connectionUntil(expiresAt, (what) => this.heard.push(`${what} ${name}`));
    this.#expiry.add(connection);
    const noticeAt = expiresAt - (leftMs < MINUTE ? leftMs / 2 : MINUTE);
    this.#watched.set(connection, { name, noticeAt, expiresAt, isTold: false });
  }

  leave(goes: () => boolean): void {
    for (const connection of this.#watched.keys()) {
      if (!goes()) continue;
      this.#expiry.delete(connection);
      this.#watched.delete(connection);
    }
  }

  /** What is to be heard now. */
  wanted(): string[] {
    const wanted: string[] = [];
    const now = this.clock.now();
    for (const [connection, watched] of this.#watched) {
      if (!watched.isTold && watched.noticeAt <= now) {
        watched.isTold = true;
        wanted.push(`told ${watched.name}`);
      }
      if (!watched.isTold || watched.expiresAt > now) continue;
      wanted.push(`closed ${watched.name}`);
      this.#watched.delete(connection);
    }
    return wanted;
  }
}

const connectionUntil = (tokenExpiresAt: number, heard: (what: 'told' | 'closed') => void): Connection =>
  ({
    ticket: { tokenExpiresAt },
    say: () => heard('told'),
    close: () => heard('closed'),
  }) as unknown as Connection;

it.each([1, 2, 3, 4, 5])(
  'whatever the clock does, nobody is told or closed early, late or twice (seed %d)',
  async (seed) => {
    const trial = new Trial();
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random.fraction() * limit);
    for (let step = 0; step < 3_000; step++) {
      if (below(2) === 0) trial.join(`${step}`, below(5) === 0 ? below(10 * MINUTE) : below(3_000) - 200);
      trial.leave(() => below(200) === 0);
      if (below(50) === 0) trial.clock.jumpWallClock(below(20 * MINUTE) - 10 * MINUTE);
      if (below(3) > 0) continue;
      await trial.clock.advance(TICK);
      expect(trial.heard.splice(0).sort()).toEqual(trial.wanted().sort());
    }
    trial.leave(() => true);
    expect(trial.clock.timers).toBe(0);
  },
);

it('connections that come and go, each with an expiry of its own, leave no memory behind', () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const clock = new ManualClock();
  const expiry = new TokenExpiry(clock, noMetrics);
  // One stays, so that the rest is not forgotten with the last.
  expiry.add(connectionUntil(Number.MAX_SAFE_INTEGER, () => {}));
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 200_000; n++) {
    const connection = connectionUntil(clock.now() + n * MINUTE, () => {});
    expiry.add(connection);
    expiry.delete(connection);
  }
  collect();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5_000_000);
  expect(clock.timers).toBe(1);
});
