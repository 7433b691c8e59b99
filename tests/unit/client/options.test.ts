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
    ['a filter that is none', { ...options, filters: { agents: ['a'] } }, /filters: got agents/],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => connect(wrong as ConnectOptions)).toThrow(message);
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
