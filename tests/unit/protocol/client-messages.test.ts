import { describe, expect, it } from 'vitest';
import type { ClientMessage } from '../../../src/protocol/client-messages.ts';
import { parseClientMessage } from '../../../src/protocol/client-messages.ts';
import { NO_FILTERS } from '../../../src/protocol/filters.ts';

const parse = (message: unknown) => parseClientMessage(JSON.stringify(message));

function messageOf(type: string, payload?: unknown): ClientMessage {
  const result = parse({ type, payload });
  if (result.kind !== 'message') throw new Error(result.detail);
  return result.message;
}

const EMPTY = { lastSequenceId: null, epoch: null };

describe('a message of a client', () => {
  it.each([
    ['PING', undefined, {}],
    ['PING', null, {}],
    ['PONG', undefined, { lastSequenceId: null }],
    ['PONG', { last_sequence_id: 7 }, { lastSequenceId: 7 }],
    ['REPLAY', { last_sequence_id: 0 }, { lastSequenceId: 0, epoch: null }],
    ['REPLAY', { last_sequence_id: 7, epoch: 'e-1' }, { lastSequenceId: 7, epoch: 'e-1' }],
    ['SUBSCRIBE', undefined, { filters: NO_FILTERS, ...EMPTY }],
    ['SUBSCRIBE', { agent_ids: null }, { filters: NO_FILTERS, ...EMPTY }],
    ['SUBSCRIBE', { agent_ids: ['a-1'] }, { filters: { ...NO_FILTERS, agent_ids: ['a-1'] }, ...EMPTY }],
    ['SUBSCRIBE', { agent_ids: [] }, { filters: { ...NO_FILTERS, agent_ids: [] }, ...EMPTY }],
    [
      'SUBSCRIBE',
      { filters: { agent_ids: ['a-1'] } },
      { filters: { ...NO_FILTERS, agent_ids: ['a-1'] }, ...EMPTY },
    ],
    [
      'SUBSCRIBE',
      { last_sequence_id: 7, epoch: 'e-1' },
      { filters: NO_FILTERS, lastSequenceId: 7, epoch: 'e-1' },
    ],
    ['UNSUBSCRIBE', { event_types: ['NOTE'] }, { filters: { ...NO_FILTERS, event_types: ['NOTE'] } }],
  ])('%s %j', (type, payload, expected) => {
    expect(messageOf(type, payload)).toEqual({ type, ...expected });
  });

  it('may hold fields that are not known', () => {
    expect(parse({ type: 'PING', id: 5, payload: { color: 'red' } })).toEqual({
      kind: 'message',
      message: { type: 'PING' },
    });
  });

  it.each([
    ['{"type":', 'got "{\\"type\\":", wanted JSON'],
    ['', 'got "", wanted JSON'],
    ['null', 'got null, wanted an object'],
    ['7', 'got 7, wanted an object'],
    ['"PING"', 'got "PING", wanted an object'],
    ['[{"type":"PING"}]', 'got a list, wanted an object'],
    ['{}', 'type: missing'],
    ['{"type":7}', 'type: got 7, wanted a string'],
    ['{"type":"ping"}', 'got type "ping", wanted PONG, PING, REPLAY, SUBSCRIBE, UNSUBSCRIBE'],
    ['{"type":"toString"}', 'got type "toString", wanted PONG, PING, REPLAY, SUBSCRIBE, UNSUBSCRIBE'],
    ['{"type":"__proto__"}', 'got type "__proto__", wanted PONG, PING, REPLAY, SUBSCRIBE, UNSUBSCRIBE'],
    ['{"type":"PING","payload":[]}', 'payload: got a list, wanted an object'],
    ['{"type":"PING","payload":7}', 'payload: got 7, wanted an object'],
    ['{"type":"REPLAY"}', 'payload.last_sequence_id: missing'],
    [
      '{"type":"REPLAY","payload":{"last_sequence_id":"7"}}',
      'payload.last_sequence_id: got "7", wanted a number',
    ],
    [
      '{"type":"REPLAY","payload":{"last_sequence_id":1.5}}',
      'payload.last_sequence_id: got 1.5, wanted an integer',
    ],
    [
      '{"type":"PONG","payload":{"last_sequence_id":-1}}',
      'payload.last_sequence_id: got -1, wanted at least 0',
    ],
    [
      '{"type":"REPLAY","payload":{"last_sequence_id":7,"epoch":""}}',
      'payload.epoch: got 0 characters, wanted 1 to 128',
    ],
  ])('is refused: %s', (text, detail) => {
    expect(parseClientMessage(text)).toEqual({ kind: 'invalid', detail });
  });

  it.each([
    [{ agent_ids: 'a-1' }, 'payload.agent_ids: got "a-1", wanted a list of values, or null for all'],
    [
      { agent_ids: { 0: 'a-1' } },
      'payload.agent_ids: got {"0":"a-1"}, wanted a list of values, or null for all',
    ],
    [
      { agent_ids: ['a 1'] },
      'payload.agent_ids.0: got "a 1", wanted 1 to 128 characters of A-Z a-z 0-9 _ . : -',
    ],
    [
      { project_ids: ['p-1', 7] },
      'payload.project_ids.1: got 7, wanted 1 to 128 characters of A-Z a-z 0-9 _ . : -',
    ],
    [
      { event_types: ['x'] },
      'payload.event_types.0: got "x", wanted an upper-case letter, then at most 63 of A-Z 0-9 _',
    ],
    [{ filters: [] }, 'payload.filters: got a list, wanted an object'],
    [{ filters: 'all' }, 'payload.filters: got "all", wanted an object'],
    [
      { filters: { agent_ids: [''] } },
      'payload.filters.agent_ids.0: got "", wanted 1 to 128 characters of A-Z a-z 0-9 _ . : -',
    ],
  ])('with filters %j is well formed, its filters are not', (payload, detail) => {
    expect(parse({ type: 'SUBSCRIBE', payload })).toEqual({ kind: 'invalid_filters', detail });
    expect(parse({ type: 'UNSUBSCRIBE', payload })).toEqual({ kind: 'invalid_filters', detail });
  });

  it('with a wrong position and wrong filters is not well formed', () => {
    expect(parse({ type: 'SUBSCRIBE', payload: { agent_ids: ['!'], last_sequence_id: -1 } }).kind).toBe(
      'invalid',
    );
  });

  it('is refused in few words, however large it is', () => {
    const details = [
      parseClientMessage('x'.repeat(60_000)),
      parse({ type: 'SUBSCRIBE', payload: { agent_ids: Array.from({ length: 20_000 }, () => '!') } }),
      parse({ type: 'T'.repeat(60_000) }),
      parse({ type: 'SUBSCRIBE', payload: { agent_ids: ['a'.repeat(60_000)] } }),
    ].map((result) => ('detail' in result ? result.detail.length : 0));
    expect(Math.min(...details)).toBeGreaterThan(0);
    expect(Math.max(...details)).toBeLessThan(200);
  });

  it('is refused where it is nested too deeply to be shown', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(parseClientMessage(`{"type":${deep}}`).kind).toBe('invalid');
    expect(parseClientMessage(`{"type":"PING","payload":{"x":${deep}}}`).kind).toBe('message');
    expect(parseClientMessage(`{"type":"SUBSCRIBE","payload":{"agent_ids":[${deep}]}}`).kind).toBe(
      'invalid_filters',
    );
  });
});
