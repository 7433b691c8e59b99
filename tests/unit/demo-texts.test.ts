import { describe, expect, test } from 'vitest';
import type { Message } from '../../src/client/index.ts';
import { eventText } from '../../src/demo/message-text.ts';
import { noticeText } from '../../src/demo/notice-text.ts';
import { Screen } from '../../src/demo/screen.ts';

const message = (type: string, payload: Message['payload'], sequenceId?: number): Message => ({
  type,
  timestamp: '2026-03-01T10:20:30.123Z',
  payload,
  ...(sequenceId === undefined ? {} : { sequence_id: sequenceId }),
});

/** Without the time, which is that of the reader's place. */
const lineOf = (...parts: Parameters<typeof message>): string =>
  eventText(message(...parts))
    .slice(9)
    .trim();

const UNREADABLE = { toString: 1, valueOf: 2 };

describe('a line for an event', () => {
  test.each([
    ['NOTE', { agent_id: 'coder', message: UNREADABLE }, '#1  coder       NOTE  {"toString":1,"valueOf":2}'],
    ['NOTE', { agent_id: 'coder', message: ['a', 1] }, '#1  coder       NOTE  ["a",1]'],
    [
      'AGENT_STATUS_CHANGED',
      { agent_id: UNREADABLE, old_status: UNREADABLE, progress: UNREADABLE },
      undefined,
    ],
    [
      'PROGRESS_UPDATE',
      { current_step: UNREADABLE, total_steps: UNREADABLE, progress_percent: 'x' },
      undefined,
    ],
  ])('%s %j is shown, whatever stands where a text is wanted', (type, payload, line) => {
    const shown = lineOf(type, payload, 1);
    if (line === undefined) expect(shown).toContain('toString');
    else expect(shown).toBe(line);
  });

  test('cannot control a terminal, nor turn the direction of what stands beside it', () => {
    const message = 'a\x1b[2J\x07\x7f\x9b2J\u202e\u2066\u200f\u2028b';
    const line = lineOf('NOTE', { agent_id: 'coder\x1b]0;', message }, 1);
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    expect(line).toMatch(/^#1 {2}coder.*NOTE {2}a \[2J.*b$/);
  });

  test.each([
    ['REPLAY_START', { reason: 'constructor', missing: UNREADABLE }, 'constructor'],
    ['REPLAY_END', { delivered: UNREADABLE, sequence_id: UNREADABLE }, 'toString'],
    ['MESSAGES_DROPPED', { count: UNREADABLE, reason: UNREADABLE }, 'toString'],
    ['ERROR', { code: UNREADABLE, message: UNREADABLE }, 'toString'],
    ['SERVER_DRAINING', { reconnect_after_ms: 'x' }, 'NaN'],
    ['CONNECTED', { user_id: UNREADABLE }, 'toString'],
  ])('%s %j is said, whatever stands in it', (type, payload, word) => {
    expect(noticeText(message(type, payload))).toContain(word);
  });

  test('of a type that is a word of JavaScript is an event all the same', () => {
    for (const type of ['constructor', 'toString', '__proto__'])
      expect(noticeText(message(type, {}))).toBeUndefined();
  });

  test('begins with the time of day', () => {
    expect(eventText(message('X', {}))).toMatch(/^\d\d:\d\d:30 /);
  });

  test.each<[string, Parameters<typeof message>, string]>([
    [
      'a status',
      [
        'AGENT_STATUS_CHANGED',
        { agent_id: 'coder', old_status: 'working', new_status: 'stuck', progress: 40, message: 'waits' },
        42,
      ],
      '#42  coder       working → stuck  40 %  waits',
    ],
    [
      'a status without the optional fields',
      ['AGENT_STATUS_CHANGED', { agent_id: 'coder', old_status: 'idle', new_status: 'working' }, 1],
      '#1  coder       idle → working',
    ],
    [
      'progress, with the time left',
      [
        'PROGRESS_UPDATE',
        {
          agent_id: 'coder',
          current_step: 3,
          total_steps: 4,
          progress_percent: 75,
          estimated_seconds_remaining: 11.2,
        },
      ],
      '·  coder       ███████████████░░░░░  75 %  3/4  about 12 s left',
    ],
    [
      'progress as it was published',
      ['PROGRESS_UPDATE', { agent_id: 'coder', current_step: 1, total_steps: 4, message: 'Compile' }],
      '·  coder       █████░░░░░░░░░░░░░░░  25 %  1/4  Compile',
    ],
    [
      'another type',
      ['COST_REPORTED', { agent_id: 'coder', project_id: 'p', cents: 12 }, 5],
      '#5  coder       COST_REPORTED  {"cents":12}',
    ],
  ])('%s', (_, parts, line) => {
    expect(lineOf(...parts)).toBe(line);
  });

  test('lets no text of others move the cursor of a terminal', () => {
    expect(lineOf('NOTE', { agent_id: 'a', message: 'one\u001b[2Jtwo\nthree\u009b' })).not.toMatch(/\p{Cc}/u);
    expect(noticeText(message('ERROR', { code: 'x', message: '\u001b]0;t\u0007' }))).not.toMatch(/\p{Cc}/u);
  });
});

describe('words for what is no event', () => {
  const missing = { from_sequence_id: 3, to_sequence_id: 9, reason: 'expired' };

  test.each<[string, Message['payload'], string]>([
    [
      'REPLAY_START',
      { reason: 'connected', after_sequence_id: 0, missing: null },
      'replay (on connect): all that is kept',
    ],
    [
      'REPLAY_START',
      { reason: 'requested', after_sequence_id: 2, missing },
      'replay (as asked): what came after #2 - GAP: #3 to #9 are missing, they are older than the replay window',
    ],
    ['REPLAY_END', { delivered: 1, sequence_id: 10 }, 'replay done: 1 event; live from #10 on'],
    [
      'MESSAGES_DROPPED',
      {
        count: 4,
        by_priority: {},
        reason: 'buffer_full',
        from_sequence_id: 5,
        to_sequence_id: 8,
        recoverable: true,
      },
      'GAP: 4 messages dropped (#5 to #8), this client reads too slowly; they are asked for again',
    ],
    [
      'SERVER_DRAINING',
      { reconnect_after_ms: 1500, deadline_ms: 3000 },
      'the server is stopping; leaving it in 1.5 s',
    ],
    [
      'TOKEN_EXPIRING',
      { expires_at: '2026-03-01T10:21:30.000Z', expires_in_ms: 60_000 },
      'the token expires in 60 s, at 2026-03-01T10:21:30.000Z; going on then takes a fresh one',
    ],
    ['ERROR', { code: 'invalid_message', message: 'got 1' }, 'error invalid_message: got 1'],
  ])('%s %j', (type, payload, text) => {
    expect(noticeText(message(type, payload))).toBe(text);
  });

  test('none for a PING, and an event is left to its own line', () => {
    expect(noticeText(message('PING', {}))).toBeNull();
    expect(noticeText(message('AGENT_STATUS_CHANGED', {}))).toBeUndefined();
  });
});

describe('the screen', () => {
  const written = (output: { isTTY: boolean; columns?: number }): string => {
    let text = '';
    const screen = new Screen({ ...output, write: (part: string) => (text += part) });
    screen.say('hello');
    screen.live('one');
    screen.live('two and more');
    screen.say('bye');
    return text;
  };

  test('of a pipe gets one line after the other', () => {
    expect(written({ isTTY: false })).toBe('hello\none\ntwo and more\nbye\n');
  });

  test('of a terminal keeps the live line in one place and within its width', () => {
    expect(written({ isTTY: true, columns: 8 })).toBe('hello\n\r\x1b[2Kone\r\x1b[2Ktwo and\nbye\n');
  });
});
