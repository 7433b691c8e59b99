import { expect, onTestFinished, test } from 'vitest';
import { startServer } from '../support/server-process.ts';

const REFUSALS = 50;

test.each(['node', 'deno'] as const)(
  'on %s, a server lives on when nobody reads its log any more',
  async (runtime) => {
    const server = await startServer({ runtime });
    onTestFinished(() => server.stop());
    server.stopReading();
    // Each of these is a log line that nobody reads.
    for (let asked = 0; asked < REFUSALS; asked++) {
      expect((await fetch(`${server.url}/ws/agents`)).status).toBe(401);
    }
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  },
);
