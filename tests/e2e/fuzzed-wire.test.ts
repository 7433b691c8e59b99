import { expect, onTestFinished, test } from 'vitest';
import { failureText, fuzzInLanes } from '../fuzz/run.ts';
import { wireParsers } from '../fuzz/wire.ts';
import { DashboardClient } from '../support/dashboard-client.ts';
import { cannotReadProcesses, residentBytes } from '../support/process-memory.ts';
import { seedOfRun } from '../support/random.ts';
import { startServer } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, Worker } from '../support/worker.ts';

/** A slice of what `npm run fuzz -- --server node` does. */
const INPUTS = 320;
const LANES = 16;
/** Far more than the server holds of so many connections, and far less than they could make a careless one hold. */
const MOST_BYTES = 150 * 1024 * 1024;
const seed = seedOfRun();

test.each(['node', 'deno'] as const)(
  `on %s, a server lives on whatever comes over the wire, and nobody else notices (seed ${seed})`,
  async (runtime) => {
    const server = await startServer({ runtime, env: { WS_MAX_CONNECTIONS_PER_USER: '0' } });
    onTestFinished(() => server.stop());
    const [user, worker] = [newUser(), new Worker(server.url)];
    const witness = await DashboardClient.connect(`${server.wsUrl}/ws/agents?token=${await tokenFor(user)}`);
    const before = cannotReadProcesses ? 0 : residentBytes(server.pid);

    for (const parser of await wireParsers(server)) {
      const { failure, accepted } = await fuzzInLanes(parser, { seed, from: 0, inputs: INPUTS }, LANES);
      expect(failure && failureText(`--server ${runtime} ${parser.name}`, seed, failure)).toBeNull();
      expect(accepted).toBeGreaterThan(0);
    }

    await worker.accepted(numberedEvent(user, 1));
    await witness.until(({ payload }) => payload.n === 1);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect(server.logs().filter(({ level }) => level === 'error')).toEqual([]);
    const after = cannotReadProcesses ? 0 : residentBytes(server.pid);
    expect(after - before).toBeLessThan(MOST_BYTES);
    witness.cut();
  },
);
