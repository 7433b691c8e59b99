import { describe, expect, onTestFinished, test } from 'vitest';
import { append, eventually, freshUser } from '../support/engine-events.ts';
import { cannotOwnRedis, rawRedis } from '../support/engine-redis.ts';
import { connected, redisEngine } from '../support/engine-rig.ts';
import { startRedis } from '../support/redis-server.ts';

describe.skipIf(cannotOwnRedis)('the probe says what keeps events from being taken', () => {
  test.each([
    ['the fence must not be asked', '-info'],
    ['nothing must be written', '-@write'],
    ['nothing must be handed over', '-publish'],
  ])('where %s', async (_, rule) => {
    const server = await startRedis();
    onTestFinished(() => server.stop());
    const operator = rawRedis(server.url);
    onTestFinished(() => operator.disconnect());
    await operator.acl('SETUSER', 'agentcast', 'on', '>secret', '~*', '&*', '+@all');
    const engine = await connected(redisEngine(server.url.replace('//', '//agentcast:secret@')));
    onTestFinished(() => engine.close());
    await engine.probe();

    await operator.acl('SETUSER', 'agentcast', rule);
    await expect(append(engine, freshUser())).rejects.toThrow(/can't run this command/);
    await expect(engine.probe()).rejects.toThrow(/can't run this command/);
    await operator.acl('SETUSER', 'agentcast', '+@all');
    await eventually(() => engine.probe());
  });
});
