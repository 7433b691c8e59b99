import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { RedisOptions } from 'ioredis';
import { Cluster, Redis, ReplyError } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { answered, reasonOf } from '../../../src/adapters/redis/answered.ts';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import { freePort } from '../../support/free-port.ts';

/** As our links are, but that they try once. */
const ONCE: RedisOptions = {
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  // It says nothing before it is asked.
  enableReadyCheck: false,
  disableClientInfo: true,
  protocol: 2,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => null,
};
/** Words of the client library's own, which say nothing to who runs Redis. */
const JARGON = /option|offline|retries|writeable|startup|refresh|cache/i;

const faultOf = (asking: Promise<unknown>): Promise<Error> =>
  answered(asking).then(
    () => expect.unreachable('it was answered'),
    (error: Error) => error,
  );

/** What listens like a Redis, and does this with what it hears. */
async function listening(heard: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => socket.on('data', () => heard(socket)).on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function linkTo(port: number, options: RedisOptions = {}): Promise<Redis> {
  const redis = new Redis({ ...ONCE, ...options, host: '127.0.0.1', port });
  onTestFinished(() => redis.disconnect());
  redis.on('error', () => {});
  await new Promise((resolve) => redis.once('ready', resolve).once('close', resolve));
  return redis;
}

describe('why Redis did not answer is said in plain words', () => {
  test('the link breaks', async () => {
    const port = await listening((socket) => socket.destroy());
    const redis = await linkTo(port, { retryStrategy: () => 60_000 });
    const fault = await faultOf(redis.get('key'));
    expect(fault).toBeInstanceOf(EngineUnavailable);
    expect(fault.message).toBe('Redis did not answer: the link broke before the answer came');
  });

  test('nothing comes back', async () => {
    const redis = await linkTo(await listening(() => {}), { commandTimeout: 10 });
    expect((await faultOf(redis.get('key'))).message).toBe('Redis did not answer: nothing came in time');
  });

  test('the link is not up, or closed', async () => {
    const redis = new Redis({ ...ONCE, lazyConnect: true, host: '127.0.0.1', port: await freePort() });
    redis.on('error', () => {});
    expect((await faultOf(redis.get('key'))).message).toBe('Redis did not answer: the link is down');
    await new Promise((resolve) => redis.once('end', resolve));
    expect((await faultOf(redis.get('key'))).message).toBe('Redis did not answer: the link was closed');
  });

  test('no node of a cluster is there', async () => {
    const redisOptions = { ...ONCE, connectTimeout: 100 };
    const options = { redisOptions, enableOfflineQueue: false, clusterRetryStrategy: () => null };
    const cluster = new Cluster([{ host: '127.0.0.1', port: await freePort() }], options);
    onTestFinished(() => cluster.disconnect());
    const said = new Promise<Error>((resolve) => cluster.once('error', resolve));
    const early = await faultOf(cluster.get('key'));
    for (const text of [early.message, reasonOf(await said)]) {
      expect(text).not.toMatch(JARGON);
      expect(text).toMatch(/cluster/);
    }
  });

  test('what Redis itself says is left as it is', async () => {
    const fault = await faultOf(Promise.reject(new ReplyError('OOM command not allowed')));
    expect(fault.message).toBe('Redis refused: OOM command not allowed');
  });
});
