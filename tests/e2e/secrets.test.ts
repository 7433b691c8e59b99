import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ServerRig, WAIT } from '../conformance/server-rig.ts';
import { freePort } from '../support/free-port.ts';
import { plainGet } from '../support/http-answer.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import type { Runtime } from '../support/server-process.ts';
import { startServer, TEST_SERVICE_KEY, TEST_SERVICE_NAME } from '../support/server-process.ts';
import { signRequest } from '../support/sign-request.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent, PUBLISH } from '../support/worker.ts';

/** A text that stands nowhere by chance. */
const secretText = () => randomBytes(24).toString('hex');
/** So many characters of a secret in a row are a leak: errors shorten what they repeat. */
const TELLING = 12;

/** Every stretch of a text that a leak could show, as it is and as it may be written elsewhere. */
function tracesOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [secret, encodeURIComponent(secret), bytes.toString('base64'), bytes.toString('base64url')];
  return forms.flatMap((form) =>
    Array.from({ length: Math.max(1, form.length - TELLING) }, (_, start) =>
      form.slice(start, start + TELLING),
    ),
  );
}

const leaksIn = (output: string, secrets: Readonly<Record<string, string>>): string[] =>
  Object.entries(secrets).flatMap(([name, secret]) => {
    const found = tracesOf(secret).find((trace) => output.includes(trace));
    return found === undefined ? [] : [`${name}: ${output.split('\n').find((line) => line.includes(found))}`];
  });

/** The parts of a token that are somebody's: not its header, which is the same in all. */
const partsOf = (token: string): string => token.slice(token.indexOf('.') + 1);

describe.each<Runtime>(['node', 'deno'])(
  'what a server on %s writes at level debug holds no secret',
  (runtime) => {
    const secrets: Record<string, string> = {
      JWT_SECRET: `${secretText()}"/+\\`,
      'the password of REDIS_URL': `${secretText()}/+ @`,
      'the query of JWKS_URL': secretText(),
      // Of letters and digits alone, so that it passes wherever an id may stand.
      'a service key': Buffer.from(secretText().slice(0, 24)).toString('base64'),
      'a body': secretText(),
      'the other password': secretText(),
    };
    const secret = (name: string): string => secrets[name] ?? '';
    const key = () => `whsec_${secret('a service key')}`;
    let redis: RedisServer;
    let rig: ServerRig;
    let admin: Redis;

    beforeAll(async () => {
      const password = secret('the password of REDIS_URL');
      redis = await startRedis();
      admin = new Redis(redis.port);
      await admin.config('SET', 'requirepass', password);
      const env = {
        LOG_LEVEL: 'debug',
        JWT_SECRET: secret('JWT_SECRET'),
        JWKS_URL: `http://127.0.0.1:${await freePort()}/keys?key=${secret('the query of JWKS_URL')}`,
        INTERNAL_SERVICE_KEYS: `${TEST_SERVICE_NAME}:${TEST_SERVICE_KEY},other:${key()}`,
      };
      const redisUrl = `redis://default:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`;
      rig = new ServerRig(await startServer({ runtime, redisUrl, env }));
    });
    afterAll(async () => {
      rig?.cutClients();
      admin?.disconnect();
      await rig?.server.stop();
      await redis?.stop();
    });

    const expectNoLeaks = () => expect(leaksIn(rig.server.output(), secrets)).toEqual([]);
    const ask = (path: string, headers: Record<string, string> = {}) =>
      plainGet(rig.server.url + path, { headers });

    test('tokens, good and broken, wherever a client may put one', async () => {
      const user = newUser();
      const token = await tokenFor(user, {}, secret('JWT_SECRET'));
      const foreign = await tokenFor(user, {}, 'another secret, of which the server knows nothing');
      const { privateKey } = await generateKeyPair('ES256');
      const unknownKey = await new SignJWT({ sub: user })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(privateKey);
      Object.assign(secrets, {
        token: partsOf(token),
        foreign: partsOf(foreign),
        ES256: partsOf(unknownKey),
      });
      await rig.dial({ query: { token } });
      await rig.dial({ protocols: ['bearer', token] });
      await rig.dial({ headers: { authorization: `Bearer ${token}` } });
      for (const one of [
        foreign,
        unknownKey,
        `${token}x`,
        token.slice(0, -20),
        partsOf(token),
        token.replaceAll('.', '%2E'),
      ]) {
        await ask(`/ws/agents?token=${one}`);
        await ask('/ws/agents', { authorization: `Bearer ${one}` });
        await ask('/ws/agents', { authorization: `Basic ${one}` });
        await ask('/ws/agents', { 'sec-websocket-protocol': `bearer, ${one}`, 'x-request-id': one });
        await ask(`/ws/agents/${one}`);
        await ask(`/ws/agents?${one}=1&last_sequence_id=${one}&agent_ids=${one}&epoch=${one}`);
        await ask(`/api/v1/internal/ws/connections?user_id=${one}`, { traceparent: one });
      }
      const client = await rig.dial({ query: { token } });
      client.send(token, { token });
      await client.closed();
      await vi.waitFor(() => expect(rig.server.output()).toContain('"code":4000'), WAIT);
      expect(rig.server.output()).toContain('"reason":"signature wrong"');
      expectNoLeaks();
    });

    test('keys, signatures and bodies of workers', async () => {
      const body = JSON.stringify(numberedEvent(newUser(), 1, { payload: { secret: secret('a body') } }));
      const timestamp = new Date();
      const signature = signRequest({ id: 'm-1', timestamp, content: body, secret: key() });
      Object.assign(secrets, { signature: signature.slice(3) });
      const signed = {
        'content-type': 'application/json',
        'webhook-id': 'm-1',
        'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
        'webhook-signature': signature,
        'x-service-name': 'other',
      };
      const post = (text: string, headers: Record<string, string>) =>
        fetch(rig.server.url + PUBLISH, { method: 'POST', body: text, headers: { ...signed, ...headers } });
      expect((await post(body, {})).status).toBe(202);
      await post(`${body} `, {});
      for (const named of [key(), secret('a service key'), `other:${key()}`]) {
        await post(body, { 'x-service-name': named });
        await post(body, { 'x-request-id': named, 'webhook-timestamp': '1000000000' });
        await ask(`/${named}/${encodeURIComponent(named)}`, { 'x-service-name': named });
      }
      for (const wrong of [
        secret('a body'),
        `{"${secret('a body')}":1}`,
        `{"event_type":"${secret('a body')}"}`,
      ])
        await rig.worker.send(PUBLISH, wrong);
      for (const fault of ['wrong', 'stale', 'unknown_service'])
        await rig.logged(({ reason }) => reason === `webhook signature: ${fault}`);
      expectNoLeaks();
    });

    test('a Redis that takes the password no more, and one that is gone', async () => {
      await admin.config('SET', 'requirepass', secret('the other password'));
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await vi.waitFor(() => expect(rig.server.output()).toMatch(/WRONGPASS/), WAIT);
      expect((await rig.worker.publish(numberedEvent(newUser(), 1))).status).toBe(503);
      admin.disconnect();
      await redis.kill('SIGKILL');
      await vi.waitFor(() => expect(rig.server.output()).toContain('ECONNREFUSED'), WAIT);
      const token = await tokenFor(newUser(), {}, secret('JWT_SECRET'));
      expect((await ask(`/ws/agents?token=${token}`)).status).toBe(503);
      expectNoLeaks();
    });

    test('a configuration that is wrong, and an address that is taken', async () => {
      const wrong = {
        JWT_SECRET: '',
        JWKS_URL: `https://user:${secret('a body')}@keys.example/?key=${secret('the query of JWKS_URL')}`,
        REDIS_URL: `redis://default:${secret('the other password')}@@host:x`,
        INTERNAL_SERVICE_KEYS: `other:${secret('a service key')},${key()}`,
        WS_JWT_SECRET: secret('a body'),
        WS_REDIS_URL: `redis://:${secret('the other password')}@host`,
      };
      const taken = { PORT: new URL(rig.server.url).port, JWT_SECRET: secret('JWT_SECRET') };
      const outputs = await Promise.all(
        [wrong, taken].map((env) =>
          startServer({ runtime, env }).then(
            () => 'it started',
            (error: unknown) => String(error),
          ),
        ),
      );
      expect(outputs[0]).toContain('INTERNAL_SERVICE_KEYS: got');
      expect(outputs[1]).toMatch(/could not start: .*(EADDRINUSE|AddrInUse)/);
      expect(leaksIn(outputs.join('\n'), secrets)).toEqual([]);
    });
  },
);
