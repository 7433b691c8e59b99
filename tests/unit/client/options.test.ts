import { describe, expect, test } from 'vitest';
import { type ConnectOptions, connect } from '../../../src/client/index.ts';
import { fakeWebSockets } from '../../support/fake-web-socket.ts';

describe('options', () => {
  const { WebSocket } = fakeWebSockets();
  const options = { url: 'wss://example.com', token: 't', WebSocket };

  test.each([
    ['another scheme', { ...options, url: 'ftp://example.com' }, /url: wanted/],
    ['no address', { ...options, url: '/ws/agents' }, /url: wanted/],
    ['a token in the address', { ...options, url: 'wss://example.com/?token=t' }, /got a token in the query/],
    ['no token', { url: options.url, WebSocket }, /token and getToken/],
    ['a token and getToken', { ...options, getToken: () => 't' }, /token and getToken/],
    ['an empty filter', { ...options, filters: { agent_ids: [] } }, /agent_ids: wanted a list of 1 to 50/],
    ['a wrong id', { ...options, filters: { agent_ids: ['a,b'] } }, /agent_ids: got "a,b"/],
    ['a buffer of nothing', { ...options, bufferSize: 0 }, /bufferSize: got 0, wanted a number from 1 on/],
    ['a wait that is no number', { ...options, backoff: { firstMs: Number.NaN } }, /firstMs: got NaN/],
    ['patience of no time', { ...options, connectTimeoutMs: 0 }, /connectTimeoutMs: got 0/],
    [
      'a place that is none',
      { ...options, resumeFrom: { epoch: 'A', sequenceId: Number.NaN } },
      /resumeFrom: wanted/,
    ],
    ['a place without an epoch', { ...options, resumeFrom: { sequenceId: 1 } }, /resumeFrom: wanted/],
    ['a filter that is none', { ...options, filters: { agents: ['a'] } }, /filters: got agents/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => connect(wrong as ConnectOptions)).toThrow(message);
  });

  test('what is undefined is left out', () => {
    const backoff = { firstMs: undefined } as unknown as { firstMs: number };
    const connection = connect({ ...options, backoff, filters: { agent_ids: undefined as unknown as null } });
    expect(connection.filters).toEqual({ agent_ids: null, project_ids: null, event_types: null });
    connection.close();
  });

  test('a list of filters is copied: what becomes of it later is no request', () => {
    const ids = ['a-1'];
    const connection = connect({ ...options, filters: { agent_ids: ids } });
    ids.push('no id');
    expect(connection.filters.agent_ids).toEqual(['a-1']);
    connection.close();
  });

  test('where there is no WebSocket, the error says what to do', () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
    Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true });
    try {
      expect(() => connect({ url: options.url, token: 't' })).toThrow(/pass one, \{ WebSocket \}/);
    } finally {
      if (own === undefined) Reflect.deleteProperty(globalThis, 'WebSocket');
      else Object.defineProperty(globalThis, 'WebSocket', own);
    }
  });
});
