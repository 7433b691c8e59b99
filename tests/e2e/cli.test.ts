import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandLine } from '../support/command-line.ts';
import { Relay } from '../support/fault-relay.ts';
import type { OwnedProcess } from '../support/owned-process.ts';
import { TEST_JWT_SECRET, TEST_SERVICE_KEY, TEST_SERVICE_NAME } from '../support/server-process.ts';
import { newUser } from '../support/tokens.ts';

const WITHIN_MS = 20_000;
const KEY = `${TEST_SERVICE_NAME}:${TEST_SERVICE_KEY}`;
const WRONG_KEY = `${TEST_SERVICE_NAME}:whsec_${Buffer.alloc(24, 'wrong').toString('base64')}`;

let commands: CommandLine;
let server: OwnedProcess;
let port: number;

const events = (user: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) =>
    JSON.stringify({ event_type: 'NUMBERED', user_id: user, agent_id: 'a-1', payload: { n: index + 1 } }),
  );

/** Follows a user's events from the beginning, and waits until it is live. */
async function tail(user: string, options = '', env: Record<string, string> = {}): Promise<OwnedProcess> {
  const running = await commands.start(`exec agentcast tail --user ${user} --from all ${options} 2>&1`, env);
  await running.line((line) => line.includes('replay done') || line.includes('REPLAY_END'), WITHIN_MS);
  return running;
}

beforeAll(async () => {
  commands = new CommandLine({
    JWT_SECRET: TEST_JWT_SECRET,
    AGENTCAST_SERVICE_KEY: KEY,
    INTERNAL_SERVICE_KEYS: KEY,
  });
  // A project of somebody else's, whose settings must not matter.
  commands.file('tsconfig.json', '{"compilerOptions":{"baseUrl":".","paths":{"commander":["./other.ts"]}}}');
  commands.file('other.ts', 'export {};');
  commands.file('package.json', '{ "type": "commonjs" }');
  server = await commands.start('PORT=0 exec agentcast serve');
  const line = await server.line((text) => text.includes('"msg":"listening"'), WITHIN_MS);
  port = JSON.parse(line).port;
  commands.env.AGENTCAST_URL = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await server?.end();
  commands?.remove();
});

describe('publish and tail', () => {
  test('an event of flags is shown, coloured where colours are wanted; Ctrl-C ends with 130', async () => {
    const user = newUser();
    const plain = await tail(user);
    const coloured = await tail(user, '', { FORCE_COLOR: '1' });
    const published = await commands.run(
      `agentcast publish --user ${user} --agent coder --status failed --message 'it broke'`,
    );
    expect(published).toMatchObject({
      status: 0,
      output: expect.stringMatching(/^published as #1 \(epoch \w+\)\n$/),
    });
    const [line, red] = await Promise.all(
      [plain, coloured].map((running) => running.line((text) => text.includes('it broke'), WITHIN_MS)),
    );
    expect(line).toMatch(/^\d\d:\d\d:\d\d +#1 {2}coder +working → failed {2}it broke$/);
    expect(red).toBe(`\x1b[31m${line}\x1b[0m`);
    plain.signal('SIGINT');
    coloured.signal('SIGTERM');
    expect([await plain.exited, await coloured.exited].map(({ code }) => code)).toEqual([130, 143]);
  });

  test('a file of 1,100 events: all but its faulty lines, and nothing twice under one id', async () => {
    const user = newUser();
    const lines = events(user, 1_100);
    lines.splice(600, 0, '{"event_type":"x"}', 'nonsense', '');
    commands.file('events.ndjson', lines.join('\n'));
    const first = await commands.run('agentcast publish --id mine events.ndjson');
    expect(first.output.split('\n')).toEqual([
      expect.stringMatching(/^agentcast: line 601: event_type: got "x".*; user_id: missing/),
      'agentcast: line 602: got nonsense, wanted one event as JSON, all of it on this line',
      '1,100 events published, 2 lines refused',
      '',
    ]);
    expect(first.status).toBe(1);
    const second = await commands.run('agentcast publish --id mine --json - < events.ndjson 2>/dev/null');
    const results = second.lines.map((line) => JSON.parse(line));
    expect(results.map(({ sequence_id }) => sequence_id)).toEqual(
      lines.slice(3).map((_, index) => index + 1),
    );
    expect(results.every(({ duplicate }) => duplicate === true)).toBe(true);
    expect(results[600]).toMatchObject({ line: 604, sequence_id: 601 });
  });

  test('what comes through a pipe goes out at once; Ctrl-C ends the wait for more', async () => {
    const script =
      'mkfifo pipe; exec 3<>pipe; printf "%s\\n" "$EVENT" >&3; exec agentcast publish --json < pipe 2>&1';
    const publishing = await commands.start(script, { EVENT: events(newUser(), 1)[0] ?? '' });
    const line = await publishing.line((text) => text.startsWith('{'), WITHIN_MS);
    expect(JSON.parse(line)).toMatchObject({ line: 1, sequence_id: 1 });
    publishing.signal('SIGINT');
    expect((await publishing.exited).code).toBe(130);
    expect(publishing.lines().at(-1)).toBe('1 event published');
  });

  test('both go on over cut links from where they were', async () => {
    const user = newUser();
    const relay = await Relay.start(port);
    try {
      const following = await tail(user, `--url http://127.0.0.1:${relay.port} --json`);
      relay.switchTo(null);
      await following.line((line) => line.startsWith('-- '), WITHIN_MS);
      const publishing = await commands.start(
        `exec agentcast publish --url http://127.0.0.1:${relay.port} --user ${user} --agent a-1 --type NOTE 2>&1`,
      );
      await publishing.line((line) => line.endsWith('; trying again'), WITHIN_MS);
      relay.switchTo(port);
      expect((await publishing.exited).code).toBe(0);
      const line = await following.line((text) => text.includes('"NOTE"'), WITHIN_MS);
      expect(JSON.parse(line)).toMatchObject({ type: 'NOTE', sequence_id: 1, payload: { agent_id: 'a-1' } });
      await following.end();
    } finally {
      await relay.stop();
    }
  });

  test('a gap is told on standard error, also beside --json', async () => {
    const user = newUser();
    await commands.run(`agentcast publish --user ${user} --agent a-1 --type NOTE`);
    const { output } = await commands.run(
      `agentcast tail --user ${user} --from 7 --epoch another --json --count 1`,
    );
    expect(output).toMatch(/^-- replay \(on connect\).* GAP: #\d+ to #\d+ are missing/m);
  });

  test('filters, a count, and a token of the environment', async () => {
    const user = newUser();
    commands.file(
      'few.ndjson',
      [...events(user, 3), '{"event_type":"NOTE","user_id":"USER","agent_id":"b","payload":{}}']
        .join('\n')
        .replace('USER', user),
    );
    await commands.run('agentcast publish few.ndjson');
    const { lines } = await commands.run(`agentcast token --user ${user} --expires 5m`);
    const env = { AGENTCAST_TOKEN: lines[0] ?? '', JWT_SECRET: '' };
    const [one, filtered] = await Promise.all([
      commands.run('agentcast tail --from 1 --count 1 2>/dev/null', env),
      commands.run('agentcast tail --from all --agent b --type NOTE --count 1 2>/dev/null', env),
    ]);
    expect(one).toMatchObject({ status: 0, lines: [expect.stringContaining('#2 ')] });
    expect(filtered).toMatchObject({ status: 0, lines: [expect.stringContaining('#4  b ')] });
  });

  test('who reads through a pipe and has seen enough ends both', async () => {
    const user = newUser();
    const tailing = await commands.start(
      `{ agentcast tail --user ${user} --json 2>/dev/null; echo "ended with $?" >&2; } | head -1`,
    );
    await tailing.line((line) => line.includes('CONNECTED'), WITHIN_MS);
    let hasEnded = false;
    void tailing.exited.then(() => {
      hasEnded = true;
    });
    // A pipe only tells its writer at the next line that nobody reads any more.
    commands.file('many.ndjson', events(user, 600).join('\n'));
    while (!hasEnded) {
      const publishing = '{ agentcast publish --json many.ndjson; echo "ended with $?" >&2; } | head -1';
      expect((await commands.run(publishing)).output).toContain('600 events published\nended with 0\n');
    }
    expect(tailing.output()).toMatch(/^\{"type":"CONNECTED".*\nended with 0\n$/);
  });
});

describe('what goes wrong says what to do', () => {
  test.each<[string, number, RegExp]>([
    ['agentcast', 2, /^Usage: agentcast/],
    ['agentcast publish --user u-1', 2, /^agentcast: got no --type, wanted one, or --status or --step/],
    ['agentcast publish nowhere.ndjson', 2, /^agentcast: could not read nowhere.ndjson: ENOENT/],
    ['agentcast publish --user u-1 tsconfig.json', 2, /^agentcast: got --user and a file/],
    [
      `AGENTCAST_SERVICE_KEY=${WRONG_KEY} agentcast status`,
      1,
      /refused: 401 .*INTERNAL_SERVICE_KEYS of that server/,
    ],
    [
      'agentcast publish --retry-for 0s --url http://127.0.0.1:1234 --user u --agent a --type NOTE 2>&1',
      1,
      /^0 events published, 1 not: no server took them\nagentcast: the event: not published in 1 attempt within .* s; the last: no answer: .*ECONNREFUSED.*; does the server run, is --url right\?\n.* --id [\w-]+, within 10 minutes, publishes nothing twice/,
    ],
    [
      'agentcast status --url http://127.0.0.1:1234',
      1,
      /no answer from http:\/\/127.0.0.1:1234: .*ECONNREFUSED.*does the server run/,
    ],
    [
      'agentcast tail --user u-1 --url http://127.0.0.1:1234',
      1,
      /^-- no connection came about: .*ECONNREFUSED.*; does the server run/,
    ],
    ['JWT_SECRET=another agentcast tail --user u-1', 1, /-- refused: 401 .*the secret that made it/],
    ['agentcast explain --user u-1 --sequence 0', 2, /^agentcast: --sequence: got "0", wanted a sequence_id/],
    ['INTERNAL_SERVICE_KEYS= agentcast serve', 1, /INTERNAL_SERVICE_KEYS: got nothing/],
    ['PORT=x agentcast demo', 1, /PORT: got "x"/],
  ])('%s', async (script, status, words) => {
    const ran = await commands.run(script);
    expect(ran.output).toMatch(words);
    expect(ran.status).toBe(status);
  });

  test('a refused key ends a run whose input stays open', async () => {
    const script = 'mkfifo open; exec 3<>open; printf "%s\\n" "$EVENT" >&3; exec agentcast publish < open';
    const ran = await commands.run(script, {
      EVENT: events('u-1', 1)[0] ?? '',
      AGENTCAST_SERVICE_KEY: WRONG_KEY,
    });
    expect(ran).toMatchObject({
      status: 1,
      output: expect.stringMatching(/line 1: refused: 401 .*are both clocks right/),
    });
  });
});

describe('the server and what it needs', () => {
  test('status lists instances and the connections of a user', async () => {
    const user = newUser();
    const following = await tail(user, '--agent a-1');
    commands.file('service-key', `${KEY}\n`);
    const [table, json] = await Promise.all([
      commands.run(`agentcast status --user ${user} --key-file service-key`, { AGENTCAST_SERVICE_KEY: '' }),
      commands.run(`agentcast status --user ${user} --json`),
    ]);
    await following.end();
    expect(table.status).toBe(0);
    expect(table.lines[1]).toMatch(new RegExp(`^\\S+ +\\S+ +${port} +active +\\d+ `));
    expect(table.lines[4]).toMatch(/^\w+ +.* agent_ids=a-1$/);
    const { instances, connections } = JSON.parse(json.output);
    expect(instances).toMatchObject([{ port, status: 'active' }]);
    expect(connections).toMatchObject([{ user_id: user, filters: { agent_ids: ['a-1'] } }]);
  });

  test('explain tells what happened to an event', async () => {
    const user = newUser();
    const following = await tail(user);
    await commands.run(`agentcast publish --user ${user} --agent coder --status failed`);
    await following.line((line) => line.includes('#1 '), WITHIN_MS);
    const ran = await commands.run(`agentcast explain --user ${user} --sequence 1`);
    await following.end();
    expect(ran.status).toBe(0);
    expect(ran.lines[0]).toContain(`#1 of ${user}: AGENT_STATUS_CHANGED of coder, critical, 20`);
    expect(ran.lines[0]).toContain('The log has it');
    expect(ran.output).toMatch(/\n\d\d:\d\d:\d\d\.\d{3} +\S+ +\w{24} +sent: handed to the socket/);
    expect(ran.lines.at(-1)).toContain(`has 1 connections of ${user} now, and remembers everything`);
  });

  test('disconnect closes one connection, or all of a user, and tells their clients not to come back', async () => {
    const user = newUser();
    const [one, another] = await Promise.all([tail(user), tail(user)]);
    const { output } = await commands.run(`agentcast status --user ${user} --json`);
    const [first, second] = JSON.parse(output).connections.map(
      ({ connection_id }: { connection_id: string }) => connection_id,
    );
    const alone = await commands.run(`agentcast disconnect --connection ${first}`);
    expect(alone).toMatchObject({ status: 0, output: `1 connection closed:\n  ${first}\n` });
    const all = await commands.run(`agentcast disconnect --user ${user} --json`);
    expect(JSON.parse(all.output)).toEqual({ disconnected: [second] });
    for (const { exited, lines } of [one, another]) {
      expect((await exited).code).toBe(1);
      expect(lines().at(-1)).toBe('-- closed: 4002 disconnected_by_operator');
    }
    const nobody = await commands.run(`agentcast disconnect --user ${user}`);
    expect(nobody).toMatchObject({ status: 0, output: 'no connections to close\n' });
    const again = await commands.run(`agentcast disconnect --connection ${first}`);
    expect(again).toMatchObject({
      status: 1,
      output: expect.stringMatching(/refused: 404 .*there is no such connection\n$/),
    });
  });

  test('keygen makes what check-config takes', async () => {
    const made = await commands.run('agentcast keygen --name builders > keys.env');
    const checked = await commands.run('set -a; . ./keys.env; exec agentcast check-config');
    expect([made.status, checked.status]).toEqual([0, 0]);
    expect(checked.lines.find((line) => line.startsWith('INTERNAL_SERVICE_KEYS'))).toContain(
      'builders:(hidden)',
    );
  });

  test('the demo plays, and Ctrl-C ends it with 0', async () => {
    const demo = await commands.start('PORT=0 exec agentcast demo');
    await demo.line((line) => line.includes('Below, what the agents publish'), WITHIN_MS);
    demo.signal('SIGINT');
    expect((await demo.exited).code).toBe(0);
  });

  test('Ctrl-C drains the server and ends it with 0; no command has shown a secret', async () => {
    server.signal('SIGINT');
    expect((await server.exited).code).toBe(0);
    expect(server.lines().at(-1)).toContain('"msg":"drained"');
    const output = commands.allOutput();
    expect(output).toContain('published as #1');
    for (const secret of [TEST_JWT_SECRET, TEST_SERVICE_KEY, WRONG_KEY.slice(6)])
      expect(output).not.toContain(secret);
  });
});
