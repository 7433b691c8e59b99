import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cannotOwnRedis } from '../support/engine-redis.ts';
import { freePort } from '../support/free-port.ts';
import { startOwned } from '../support/owned-process.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const script = fileURLToPath(new URL('../support/engine-closing.ts', import.meta.url));
const runtimeArgs = 'Deno' in globalThis ? ['run', '-A', '--no-lock'] : ['--import', 'tsx'];

/** Shorter than any of the engine's own timeouts but the one for a goodbye, in ms. */
const MOST_MS = 500;

/** Closes an engine in that situation. Gives what became of its calls. */
async function close(situation: string, url: string, redisPid = 0): Promise<string[]> {
  const child = await startOwned(process.execPath, [
    ...runtimeArgs,
    script,
    situation,
    url,
    String(redisPid),
  ]);
  try {
    const line = await child.line((text) => text.startsWith('{'), 12_000);
    const { code } = await child.exited;
    expect({ code, output: child.output() }).toEqual({ code: 0, output: `${line}\n` });
    const { outcomes, lingeredMs } = JSON.parse(line);
    expect(lingeredMs).toBeLessThan(MOST_MS);
    return outcomes;
  } finally {
    await child.end();
  }
}

describe.skipIf(cannotOwnRedis)('a closed engine leaves nothing behind', () => {
  let server: RedisServer;
  beforeEach(async () => {
    server = await startRedis();
  });
  afterEach(() => server.stop());

  test('closed when it was just made', async () => {
    expect(await close('not yet connecting', server.url)).toEqual([]);
  });

  test('closed while it was connected', async () => {
    expect(await close('connected', server.url)).toEqual([]);
  });

  test('closed with calls under way: each is answered or refused', async () => {
    const outcomes = await close('just asked', server.url);
    expect(outcomes).toHaveLength(6);
    for (const outcome of outcomes) expect(['answered', 'EngineUnavailable']).toContain(outcome);
  });

  test('closed while Redis was frozen', async () => {
    const outcomes = await close('asked a frozen Redis', server.url, server.pid);
    expect(outcomes).toEqual(Array(6).fill('EngineUnavailable'));
  });

  test('closed while Redis was frozen before the first word', async () => {
    await server.kill('SIGSTOP');
    const outcomes = await close('introducing itself to a frozen Redis', server.url);
    expect(outcomes).toEqual(Array(6).fill('EngineUnavailable'));
  });

  test('closed while somebody waited for it to connect', async () => {
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    expect(await close('waiting for a connection', nobody)).toEqual(['answered']);
  });

  test('closed between two attempts to connect', async () => {
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    const outcomes = await close('between two attempts', nobody);
    expect(outcomes).toEqual(['answered', ...Array(6).fill('EngineUnavailable')]);
  });
});
