import { describe, expect, test } from 'vitest';
import { paintFor } from '../../../src/cli/colours.ts';
import { ageText, durationOption } from '../../../src/cli/durations.ts';
import { masked } from '../../../src/cli/masking.ts';
import { ProgressBar, progressText } from '../../../src/cli/publish/progress-bar.ts';
import { serverUrl } from '../../../src/cli/server-url.ts';
import { statusText } from '../../../src/cli/status.ts';
import { tableText } from '../../../src/cli/table.ts';
import { eventColour, noticeColour } from '../../../src/cli/tail/line-colours.ts';

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  ['5m', 300_000],
  ['12h', 43_200_000],
  ['30d', 2_592_000_000],
])('%s is %d ms', (text, ms) => expect(durationOption('--x', text)).toBe(ms));

test.each([
  [-5, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [3_600_000 * 3 + 60_000 * 20, '3h 20m'],
  [86_400_000 * 5 + 3_600_000 * 2, '5d 2h'],
])('%d ms are %s', (ms, text) => expect(ageText(ms)).toBe(text));

test('a table is as wide as what is in it, and shows no control characters', () => {
  expect(
    tableText(
      ['a', 'name'],
      [
        ['long one', 'x'],
        ['b\x1b[2J', ''],
      ],
    ),
  ).toBe('a         name\nlong one  x\nb [2J\n');
});

describe('colours', () => {
  const terminal = { isTTY: true, write: () => {} };
  const pipe = { write: () => {} };
  const RED = '\x1b[31mx\x1b[0m';

  test.each([
    ['a terminal', terminal, {}, RED],
    ['a pipe', pipe, {}, 'x'],
    ['NO_COLOR', terminal, { NO_COLOR: '1', FORCE_COLOR: '1' }, 'x'],
    ['an empty NO_COLOR', terminal, { NO_COLOR: '' }, RED],
    ['FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, RED],
    ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, 'x'],
    ['a dumb terminal', terminal, { TERM: 'dumb' }, 'x'],
  ])('%s', (_, output, env, wanted) => {
    expect(paintFor(output, env)('x', 'red')).toBe(wanted);
    expect(paintFor(output, env)('x', null)).toBe('x');
  });

  test('tell statuses, progress and gaps apart', () => {
    const of = (type: string, payload: object) =>
      eventColour({ type, timestamp: '', payload: { ...payload } });
    expect(of('AGENT_STATUS_CHANGED', { new_status: 'failed' })).toBe('red');
    expect(of('AGENT_STATUS_CHANGED', { new_status: 'constructor' })).toBeNull();
    expect(of('PROGRESS_UPDATE', { new_status: 'failed' })).toBe('dim');
    expect(of('NOTE', { new_status: 'failed' })).toBeNull();
    expect(noticeColour('replay: all - GAP: #1 to #2 are missing')).toBe('yellow');
    expect(noticeColour('connected as u-1')).toBe('dim');
  });
});

describe('progress', () => {
  const PROGRESS = { published: 12_000, refused: 0, doneBytes: 250, totalBytes: 1_000, elapsedMs: 4_000 };

  test('of a file has a bar and the time left', () => {
    expect(progressText(PROGRESS)).toBe(
      `${'█'.repeat(6)}${'░'.repeat(18)}  25 %  12,000 published, 3,000/s, about 12 s left`,
    );
    expect(progressText({ ...PROGRESS, refused: 2 })).toContain('12,000 published, 2 refused, 3,000/s');
  });

  test('of a pipe counts', () => {
    expect(progressText({ ...PROGRESS, totalBytes: null })).toBe('12,000 published, 3,000/s');
  });

  test('is for terminals, and not for what is over in a moment', () => {
    const drawnOn = (isTTY: boolean, ...times: number[]) => {
      const written: string[] = [];
      let now = 0;
      const bar = new ProgressBar({ isTTY, columns: 30, write: (text) => written.push(text) }, () => now);
      for (const time of times) {
        now = time;
        bar.draw(PROGRESS);
      }
      bar.clear();
      return written;
    };
    expect(drawnOn(false, 5_000)).toEqual([]);
    expect(drawnOn(true, 300)).toEqual([]);
    const written = drawnOn(true, 500, 550, 650);
    expect(written).toHaveLength(3);
    expect(written[0]).toHaveLength('\r\x1b[2K'.length + 29);
    expect(written.at(-1)).toBe('\r\x1b[2K');
  });
});

describe('the address of the server', () => {
  test.each([
    [undefined, undefined, 'http://127.0.0.1:8080'],
    [undefined, 'https://cast.example/', 'https://cast.example'],
    ['http://[::1]:81', 'https://cast.example', 'http://[::1]:81'],
  ])('--url %s, AGENTCAST_URL %s', (given, AGENTCAST_URL, wanted) => {
    expect(serverUrl({ AGENTCAST_URL }, given)).toBe(wanted);
  });

  test.each([
    'here',
    'ws://h',
    'http://h/path',
    'http://h?token=secretly',
    'http://u:secretly@h',
    'http://h#x',
  ])('is not %s', (text) => {
    expect(() => serverUrl({}, text)).toThrow(/^--url: got .*, wanted http:\/\/host\[:port\] or https/);
    expect(() => serverUrl({ AGENTCAST_URL: text }, undefined)).toThrow(/^AGENTCAST_URL: (?!.*secretly)/);
  });
});

describe('what goes to standard error', () => {
  test.each([
    ['a key whsec_QUJDREVG/+== here', 'a key (hidden) here'],
    ['a token eyJhbGci.eyJzdWIi.c2ln here', 'a token (hidden) here'],
    ["unknown option '--token=abc'", "unknown option '--token=(hidden)'"],
    ['it is a-very-own-secret', 'it is (hidden)'],
    ['it is QUJDREVGQUJD', 'it is (hidden)'],
    [
      'wanted name:whsec_<base64>, or name:whsec_… in it',
      'wanted name:whsec_<base64>, or name:whsec_… in it',
    ],
  ])('%s', (text, wanted) => {
    const env = { JWT_SECRET: 'a-very-own-secret', INTERNAL_SERVICE_KEYS: 'one:whsec_x,two:QUJDREVGQUJD' };
    expect(masked(text, env)).toBe(wanted);
  });
});

test('a status lists instances, connections and their filters', () => {
  const now = Date.parse('2026-03-01T12:00:00.000Z');
  const text = statusText(
    {
      instances: [
        {
          instance_id: 'i-1',
          hostname: 'box',
          port: 8080,
          status: 'active',
          connection_count: 2,
          started_at: '2026-03-01T10:30:00.000Z',
          last_heartbeat: '2026-03-01T11:59:57.000Z',
        },
      ],
      connections: [
        {
          connection_id: 'c-1',
          instance_id: 'i-1',
          connected_at: '2026-03-01T11:50:00.000Z',
          last_heartbeat: '2026-03-01T11:59:40.000Z',
          filters: { agent_ids: ['a', 'b'], project_ids: null, event_types: [] },
          last_sequence_id: 41,
          is_draining: true,
        },
      ],
    },
    now,
  );
  const rows = text.split('\n').map((line) => line.split(/ {2,}/));
  expect(rows[1]).toEqual(['i-1', 'box', '8080', 'active', '2', '1h 30m', '3s ago']);
  expect(rows[4]).toEqual(['c-1', 'i-1 (draining)', '10m', '20s ago', '#41', 'agent_ids=a,b event_types=']);
  expect(statusText({ instances: [], connections: [] }, now)).toContain('no connections of this user');
});
