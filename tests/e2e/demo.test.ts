import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Message } from '../../src/client/index.ts';
import { freePort } from '../support/free-port.ts';
import { type OwnedProcess, startOwned } from '../support/owned-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WITHIN_MS = 20_000;

const run = (script: string, args: string[] = [], env: Record<string, string> = {}): Promise<OwnedProcess> =>
  startOwned(process.execPath, ['--import', 'tsx', `src/demo/${script}.ts`, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
  });

/** The address that the demo offers to the watcher, token included. */
async function offeredAddress(demo: OwnedProcess): Promise<string> {
  const line = await demo.line((text) => text.includes('npm run watch'), WITHIN_MS);
  return line.match(/"(ws:[^"]*)"/)?.[1] ?? '';
}

/** The first message that `accepts`; fails when the socket closes before. */
function messageOf(socket: WebSocket, accepts: (message: Message) => boolean): Promise<Message> {
  return new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      const message = JSON.parse(data.toString()) as Message;
      if (accepts(message)) resolve(message);
    });
    socket.once('error', reject);
    socket.once('close', (code) => reject(new Error(`closed with ${code} before`)));
  });
}

/** Sends what a printed curl command would. */
function sendAsCurl(command: string): Promise<Response> {
  const words = [...command.matchAll(/(-H|-d|-i) '([^']*)'/g)].map(([, option, word = '']) => ({
    option,
    word,
  }));
  const wordOf = (wanted: string): string => words.find(({ option }) => option === wanted)?.word ?? '';
  const headers = words
    .filter(({ option }) => option === '-H')
    .map(({ word }): [string, string] => [word.split(': ')[0] ?? '', word.split(': ')[1] ?? '']);
  return fetch(wordOf('-i'), { method: 'POST', headers, body: wordOf('-d') });
}

describe('npm run demo', () => {
  let demo: OwnedProcess;
  let address: string;

  beforeAll(async () => {
    demo = await run('main', [], { PORT: '0' });
    address = await offeredAddress(demo);
  });
  afterAll(() => demo?.end());

  test('shows live status changes and progress to who takes the token', async () => {
    const socket = new WebSocket(`${address}&last_sequence_id=latest`);
    try {
      const [connected, status, progress] = await Promise.all([
        messageOf(socket, ({ type }) => type === 'CONNECTED'),
        messageOf(socket, ({ type }) => type === 'AGENT_STATUS_CHANGED'),
        messageOf(socket, ({ type }) => type === 'PROGRESS_UPDATE'),
      ]);
      expect(connected.payload.user_id).toBe('demo-user');
      expect(status.sequence_id).toBeGreaterThan(Number(connected.payload.sequence_id));
      expect(progress.payload.progress_percent).toBeGreaterThan(0);
    } finally {
      socket.terminate();
    }
  });

  test('offers a plain GET that says the token would be accepted', async () => {
    const line = await demo.line((text) => text.includes('curl -i') && text.includes('/ws/agents'), 0);
    const url = line.match(/'(http:[^']*)'/)?.[1] ?? '';
    const response = await fetch(url);
    expect(response.status).toBe(426);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('would be accepted') });
  });

  test('offers a signed publish, which is a duplicate the second time', async () => {
    const line = await demo.line((text) => text.includes('curl -i') && text.includes('/publish'), 0);
    const first = await sendAsCurl(line);
    const second = await sendAsCurl(line);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(await second.json()).toEqual({ ...((await first.json()) as object), duplicate: true });
  });

  test('offers a page that may connect, and that floods', async () => {
    const line = await demo.line((text) => text.includes('in a browser'), 0);
    const page = line.match(/http:\S+/)?.[0] ?? '';
    expect(await (await fetch(page)).text()).toContain('<script type="module" src="main.js">');
    expect((await fetch(new URL('main.js', page))).headers.get('content-type')).toContain('javascript');
    const { url, token, flood } = (await (await fetch(new URL('session.json', page))).json()) as {
      [name in 'url' | 'token' | 'flood']: string;
    };
    const socket = new WebSocket(new URL(url, page.replace('http', 'ws')), ['bearer', token]);
    try {
      const last = messageOf(
        socket,
        ({ payload }) => payload.agent_id === 'flood' && payload.new_status === 'completed',
      );
      const headers = { 'x-agentcast-flood': '1' };
      expect((await fetch(new URL(flood, page), { method: 'POST', headers })).status).toBe(204);
      await last;
    } finally {
      socket.terminate();
    }
  });

  test('moves, and keeps server logs out of what there is to read', async () => {
    await demo.line((text) => text.includes('█'), WITHIN_MS);
    expect(demo.output()).not.toContain('"level"');
  });

  test('takes a free port where the one it was given is taken', async () => {
    const { port } = new URL(address);
    const second = await run('main', [], { PORT: port });
    try {
      expect(new URL(await offeredAddress(second)).port).not.toBe(port);
      expect(second.output()).toContain(`port ${port} is taken by another program`);
    } finally {
      await second.end();
    }
  });

  test('says what is wrong with a setting', async () => {
    const refused = await run('main', [], { PORT: 'eighty' });
    expect((await refused.exited).code).toBe(1);
    expect(refused.output()).toMatch(/^demo: .*PORT.*eighty/s);
  });
});

test('Ctrl-C ends the demo with exit status 0, and its clients hear of it', async () => {
  const demo = await run('main', [], { PORT: '0' });
  const address = await offeredAddress(demo);
  const watch = await run('watch', [address]);
  const staying = new WebSocket(address);
  try {
    await messageOf(staying, ({ type }) => type === 'REPLAY_END');
    await watch.line((line) => line.includes('replay done'), WITHIN_MS);
    demo.signal('SIGINT');
    await demo.line((line) => line === 'stopping', WITHIN_MS);
    // A terminal's Ctrl-C comes once by the process group and once more by npm.
    demo.signal('SIGINT');
    expect(await demo.exited).toEqual({ code: 0, signal: null });
    await watch.line((line) => line.includes('the server is stopping'), WITHIN_MS);
    watch.signal('SIGINT');
    expect(await watch.exited).toEqual({ code: 0, signal: null });
  } finally {
    staying.terminate();
    await watch.end();
    await demo.end();
  }
});

describe('npm run watch', () => {
  test('--help explains', async () => {
    const help = await run('watch', ['--help']);
    expect((await help.exited).code).toBe(0);
    expect(help.output()).toContain('npm run watch -- "ws://');
  });

  test.each([
    [[]],
    [['demo']],
    [['ftp://h/ws']],
    [['ws://h/ws/agents']],
    [['ws://h/1?token=t', 'ws://h/2?token=t']],
  ])('%j: says what it takes', async (args) => {
    const watch = await run('watch', args);
    expect((await watch.exited).code).toBe(2);
    expect(watch.output()).toMatch(/^watch: got .*, wanted one ws:\/\/ or wss:\/\/ address with \?token=/);
  });

  test('repeats why a server refuses', async () => {
    const demo = await run('main', [], { PORT: '0' });
    try {
      const watch = await run('watch', [`${await offeredAddress(demo)}x&agent_ids=a`]);
      expect((await watch.exited).code).toBe(1);
      expect(watch.output()).toBe('-- refused: 401 signature wrong\n');
    } finally {
      await demo.end();
    }
  });

  test('says that nobody answers', async () => {
    const watch = await run('watch', [`ws://127.0.0.1:${await freePort()}/ws/agents?token=t`]);
    expect((await watch.exited).code).toBe(1);
    expect(watch.output()).toMatch(/^-- no connection came about: .*ECONNREFUSED/);
  });
});
