import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ServerRig, WAIT } from '../conformance/server-rig.ts';
import { Relay } from '../support/fault-relay.ts';
import { type OwnedProcess, startOwned } from '../support/owned-process.ts';
import { findPython, noPython, type PythonModule } from '../support/python-installation.ts';
import { startServer, TEST_SERVICE_KEY, TEST_SERVICE_NAME } from '../support/server-process.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { type Fields, numberedEvent } from '../support/worker.ts';

/** The user whom the examples publish for. */
const USER = 'u-1';
const SERVICE_KEY = `${TEST_SERVICE_NAME}:${TEST_SERVICE_KEY}`;
const COMPLETED = { agent_id: 'coder', old_status: 'working', new_status: 'completed', task_id: 't-1' };

const python = { requests: findPython('requests'), websockets: findPython('websockets') };

let rig: ServerRig;

beforeAll(async () => {
  rig = new ServerRig(await startServer({ runtime: 'node' }));
});
afterEach(() => {
  rig.cutClients();
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
afterAll(() => rig.server.stop());

/** The events of the user that the server has kept, from the first. */
async function kept(): Promise<Fields[]> {
  return (await rig.live(USER)).events.map(({ sequence_id, payload }) => ({ sequence_id, ...payload }));
}

/** Ends the connections of a user, as an operator does. */
async function disconnect(user: string): Promise<void> {
  const { status } = await rig.worker.send(`/api/v1/internal/ws/users/${user}/disconnect`, null);
  expect(status).toBe(200);
}

test('dashboard.ts shows what worker.ts publishes, until an operator ends it', async () => {
  const { fetch } = globalThis;
  const token = await tokenFor(USER);
  const page = (path: string | URL, init?: RequestInit) =>
    path === '/session/token' ? Promise.resolve(new Response(token)) : fetch(path, init);
  vi.stubGlobal('location', new URL(rig.server.url));
  vi.stubGlobal('WebSocket', WebSocket);
  vi.stubGlobal('fetch', page);
  vi.stubEnv('AGENTCAST_URL', rig.server.url);
  vi.stubEnv('AGENTCAST_SERVICE_KEY', SERVICE_KEY);
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const shown = (...line: unknown[]) => vi.waitFor(() => expect(log).toHaveBeenCalledWith(...line), WAIT);

  await import('../../examples/dashboard.ts');
  await shown('live', null);
  await import('../../examples/worker.ts');
  await shown('published as 1');
  await shown('coder', 'completed');

  await disconnect(USER);
  await shown('closed', 'closed: 4002 disconnected_by_operator');
});

/** Starts an example in Python. */
function startPython(name: string, needs: PythonModule, env: Record<string, string>): Promise<OwnedProcess> {
  const script = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const running = startOwned(python[needs] ?? '', [script], { env });
  onTestFinished(async () => (await running).end());
  return running;
}

describe('worker.py', () => {
  const publish = async (url: string, serviceKey = SERVICE_KEY) => {
    const env = { AGENTCAST_URL: url, AGENTCAST_SERVICE_KEY: serviceKey };
    const running = await startPython('worker.py', 'requests', env);
    return { status: (await running.exited).code, output: running.output() };
  };

  /** Stands before the server: the first answer is lost, the second request does not get through, and so on. */
  async function poorRoad(): Promise<{ url: string; ids: unknown[] }> {
    const ids: unknown[] = [];
    const road = createServer(async (request, response) => {
      const attempt = ids.push(request.headers['webhook-id']);
      if (attempt === 2) return response.writeHead(503).end();
      if (attempt === 3) return response.writeHead(429).end();
      const { host: _, connection: __, ...headers } = request.headers as Record<string, string>;
      const init = { method: 'POST', headers, body: await text(request) };
      const answer = await fetch(`${rig.server.url}${request.url}`, init);
      if (attempt === 1) return request.socket.destroy();
      return response.writeHead(answer.status).end(await answer.text());
    });
    await new Promise<void>((resolve) => road.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void road.close());
    return { url: `http://127.0.0.1:${(road.address() as AddressInfo).port}`, ids };
  }

  test('sends again under one id until it has the answer; the event is published once', async ({ skip }) => {
    if (python.requests === null) skip(noPython('requests'));
    const before = (await kept()).length;
    const { url, ids } = await poorRoad();
    const { status, output } = await publish(url);
    expect({ status, output }).toEqual({ status: 0, output: `published as ${before + 1}\n` });
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(1);
    expect((await kept()).slice(before)).toEqual([{ sequence_id: before + 1, ...COMPLETED }]);
  });

  test('says why it is refused, and does not ask again', async ({ skip }) => {
    if (python.requests === null) skip(noPython('requests'));
    const { status, output } = await publish(rig.server.url, `stranger:${TEST_SERVICE_KEY}`);
    expect(status).toBe(1);
    expect(output).toContain('urn:agentcast:problem:unauthorized');
    expect(output).not.toContain('urllib3');
  });
});

describe('without a key or a token, an example ends with one line that says so', () => {
  const ending = async (running: Promise<OwnedProcess>) => {
    const { exited, output } = await running;
    return { code: (await exited).code, output: output() };
  };

  test.for([
    ['worker.py', 'requests', 'AGENTCAST_SERVICE_KEY'],
    ['watch.py', 'websockets', 'AGENTCAST_TOKEN'],
  ] as const)('%s', async ([name, needs, variable], { skip }) => {
    if (python[needs] === null) skip(noPython(needs));
    const { code, output } = await ending(startPython(name, needs, {}));
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`^wanted ${variable}.*\n$`));
  });

  test('worker.ts', async () => {
    const script = fileURLToPath(new URL('../../examples/worker.ts', import.meta.url));
    const { code, output } = await ending(
      startOwned(process.execPath, ['--import', 'tsx', script], { env: {} }),
    );
    expect(code).toBe(1);
    expect(output).toMatch(/^not published: wanted AGENTCAST_SERVICE_KEY.*\n$/);
  });
});

test('watch.py goes on from where it was cut, until an operator ends it', async ({ skip }) => {
  if (python.websockets === null) skip(noPython('websockets'));
  const user = newUser();
  const relay = await Relay.start(Number(new URL(rig.server.url).port));
  onTestFinished(() => relay.stop());
  const env = { AGENTCAST_URL: `http://127.0.0.1:${relay.port}`, AGENTCAST_TOKEN: await tokenFor(user) };
  const watch = await startPython('watch.py', 'websockets', env);
  const shown = (start: string) => watch.line((line) => line.startsWith(start), WAIT.timeout);

  await shown('- REPLAY_END');
  await rig.worker.accepted(numberedEvent(user, 1));
  await shown('1 NUMBERED');
  relay.switchTo(null);
  await rig.worker.accepted(numberedEvent(user, 2));
  relay.switchTo(Number(new URL(rig.server.url).port));
  await shown('2 NUMBERED');
  await rig.worker.accepted(numberedEvent(user, 3));
  await shown('3 NUMBERED');

  await disconnect(user);
  expect((await watch.exited).code).toBe(0);
  expect(watch.lines().filter((line) => line.startsWith('- CONNECTED'))).toHaveLength(2);
  expect(watch.lines().filter((line) => line.includes('NUMBERED'))).toHaveLength(3);
  expect(watch.output()).toContain('disconnected_by_operator');
});
