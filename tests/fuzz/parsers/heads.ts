import type { IncomingMessage } from 'node:http';
import { asksForWebSocket, faultOf, toRequest } from '../../../src/adapters/transport/handshake.ts';
import { parseConnectRequest } from '../../../src/protocol/connect-request.ts';
import { always, type Parser } from '../parser.ts';

const UPGRADE =
  'Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';

/** Heads of upgrades: method and target, then a header a line. What HTTP itself refuses does not get here. */
export const heads: Parser = {
  name: 'heads',
  corpus: {
    texts: [
      `GET /ws/agents?token=t&agent_ids=a-1\nHost: example.org\n${UPGRADE}`,
      `GET http://example.org/ws/agents\nHost: example.org:8080\n${UPGRADE}\nSec-WebSocket-Protocol: bearer, t`,
      `HEAD //ws/agents\nHost: [::1]\n${UPGRADE}\nContent-Length: 0`,
      'POST /\nUpgrade: h2c\nTransfer-Encoding: chunked',
    ],
    words: [
      'Host: ',
      '\nHost: a/b',
      '\nHost: a@b',
      '?',
      '#',
      '\\',
      '//',
      '%00',
      '[',
      '@',
      '\nUpgrade: ',
      '\nContent-Length: ',
    ].concat(['websocket', 'WebSocket', '13', 'OPTIONS ', '\nAuthorization: Bearer x', ': ']),
  },
  check(input) {
    const incoming = incomingOf(input);
    const fault = faultOf(incoming);
    always(fault === null || fault.detail.length < 1_024 + input.length, 'a fault is short');
    always(fault !== null || incoming.method === 'GET' || incoming.method === 'HEAD', 'only GET may upgrade');
    const request = toRequest(incoming);
    if (request === null || fault !== null || !asksForWebSocket(incoming)) return 'refused';
    parseConnectRequest(new URL(request.url).searchParams);
    return 'accepted';
  },
};

function incomingOf(input: string): IncomingMessage {
  const [line = '', ...lines] = input.split('\n');
  const [method = '', ...target] = line.split(' ');
  const rawHeaders = lines.flatMap((text) => {
    const colon = text.indexOf(':');
    return colon < 1 ? [] : [text.slice(0, colon), text.slice(colon + 1).trim()];
  });
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2)
    headers[`${rawHeaders[i]}`.toLowerCase()] = `${rawHeaders[i + 1]}`;
  const found: Partial<IncomingMessage> = { method, url: target.join(' '), rawHeaders, headers };
  return found as IncomingMessage;
}
