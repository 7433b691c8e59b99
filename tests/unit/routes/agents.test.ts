import { expect, it } from 'vitest';
import type { Admission } from '../../../src/core/admission.ts';
import type { Bindings } from '../../../src/core/ports/transport.ts';
import { agentRoutes } from '../../../src/routes/agents.ts';
import { noMetrics } from '../../support/no-metrics.ts';

const STORM = 400;
const AT_A_TIME = 128;
const UPGRADE = { accept: () => new Response(null), isAbandoned: false };

/** Every token is valid, and every origin allowed. */
const routesWith = (admission: Pick<Admission, 'admit'>) =>
  agentRoutes({
    admission: admission as Admission,
    verifyToken: async () => ({ kind: 'valid', userId: 'u-1', expiresAt: null }),
    metrics: noMetrics,
    allowedOrigins: null,
    clientAddress: () => '127.0.0.1',
  });

it('a storm of upgrades is decided a few at a time, and every one is answered', async () => {
  const waiting: (() => void)[] = [];
  let admitted = 0;
  let most = 0;
  const admission: Pick<Admission, 'admit'> = {
    admit: async () => {
      admitted++;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { kind: 'refused', problem: { code: 'draining', detail: 'for this test' } };
    },
  };
  const routes = routesWith(admission);
  const env: Bindings = {
    upgrade: UPGRADE,
    remoteAddress: '127.0.0.1',
    requestId: 'r-1',
  };
  const answers = Array.from({ length: STORM }, () => routes.request('/ws/agents?token=t', {}, env));
  const all = Promise.all(answers);
  while (admitted < STORM || waiting.length > 0) {
    await new Promise(setImmediate);
    most = Math.max(most, waiting.length);
    for (const release of waiting.splice(0)) release();
  }
  expect(new Set((await all).map(({ status }) => status))).toEqual(new Set([503]));
  expect(most).toBe(AT_A_TIME);
});

it('where every origin is allowed, every page may read the answer, and upgrades are not touched', async () => {
  const routes = agentRoutes({
    admission: {} as Admission,
    verifyToken: async () => ({ kind: 'invalid', detail: 'for this test' }),
    metrics: noMetrics,
    allowedOrigins: null,
    clientAddress: () => '127.0.0.1',
  });
  const allowed = async (upgrade: Bindings['upgrade']) => {
    const env = { upgrade, remoteAddress: '127.0.0.1', requestId: 'r-1' };
    const answer = await routes.request('/ws/agents?token=t', { headers: { origin: 'https://a.io' } }, env);
    return answer.headers.get('access-control-allow-origin');
  };
  expect(await allowed(null)).toBe('*');
  expect(await allowed(UPGRADE)).toBeNull();
});

it('tokens that cannot be judged for now keep nobody else waiting', async () => {
  const admission: Pick<Admission, 'admit'> = {
    admit: async () => ({ kind: 'refused', problem: { code: 'draining', detail: 'for this test' } }),
  };
  const routes = agentRoutes({
    admission: admission as Admission,
    verifyToken: (token) =>
      token === 'good'
        ? Promise.resolve({ kind: 'valid', userId: 'u-1', expiresAt: null })
        : new Promise(() => {}),
    metrics: noMetrics,
    allowedOrigins: null,
    clientAddress: () => '127.0.0.1',
  });
  const env: Bindings = {
    upgrade: UPGRADE,
    remoteAddress: '127.0.0.1',
    requestId: 'r-1',
  };
  for (let asked = 0; asked < STORM; asked++) void routes.request('/ws/agents?token=bad', {}, env);
  expect((await routes.request('/ws/agents?token=good', {}, env)).status).toBe(503);
});

it('a client that has gone while it waited takes no place', async () => {
  let admitted = 0;
  const admission: Pick<Admission, 'admit'> = {
    admit: async () => {
      admitted++;
      return { kind: 'refused', problem: { code: 'draining', detail: 'for this test' } };
    },
  };
  const routes = routesWith(admission);
  const ask = (isAbandoned: boolean) => {
    const env = { upgrade: { ...UPGRADE, isAbandoned }, remoteAddress: '127.0.0.1', requestId: 'r-1' };
    return routes.request('/ws/agents?token=t', {}, env);
  };
  await ask(true);
  expect(admitted).toBe(0);
  await ask(false);
  expect(admitted).toBe(1);
});
