import type { IncomingMessage } from 'node:http';
import type { Problem } from '../../protocol/problems.ts';

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Whether a request with an Upgrade header asks for a WebSocket; any other upgrade is none that we offer. */
export function asksForWebSocket(incoming: IncomingMessage): boolean {
  return incoming.method === 'GET' && incoming.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * What makes an upgrade impossible whatever a route would say; null for nothing. HTTP hands such a request over without
 * its body, so that one with a body cannot be answered as an ordinary request either.
 */
export function faultOf(incoming: IncomingMessage): Problem | null {
  const { method, headers } = incoming;
  if (method !== 'GET' && method !== 'HEAD') {
    return badRequest(`a request with an Upgrade header must be a GET or HEAD, got ${method}`);
  }
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return badRequest('a request with an Upgrade header must not have a body');
  }
  return asksForWebSocket(incoming) ? handshakeFault(headers) : null;
}

/** The request as routes take it; null where its target or a header cannot be one. */
export function toRequest(incoming: IncomingMessage): Request | null {
  try {
    const { method = 'GET', url: target = '/', rawHeaders } = incoming;
    // Joined as text: resolved against a base, a target such as `//name/path` would be taken for another host.
    const host = incoming.headers.host ?? 'localhost';
    // Joined to the target, any of these would end the host's part early, and name another path.
    if (/[/?#@\\]/.test(host)) return null;
    const origin = target.startsWith('/') ? `http://${host}` : '';
    const request = new Request(origin + target, { method });
    // Not as an option: they would be checked and copied twice, at several times the cost.
    for (let i = 0; i + 1 < rawHeaders.length; i += 2)
      request.headers.append(`${rawHeaders[i]}`, `${rawHeaders[i + 1]}`);
    return request;
  } catch {
    return null;
  }
}

// RFC 6455 §4.2.1 and §4.4. Before the route is asked, so that a handshake that cannot succeed changes nothing.
function handshakeFault(headers: IncomingMessage['headers']): Problem | null {
  const version = headers['sec-websocket-version'];
  if (version !== '13') {
    return {
      code: 'upgrade-required',
      detail: `Sec-WebSocket-Version must be 13, got ${version ?? 'none'}`,
      headers: { 'Sec-WebSocket-Version': '13', Upgrade: 'websocket' },
    };
  }
  if (KEY.test(headers['sec-websocket-key'] ?? '')) return null;
  return badRequest('Sec-WebSocket-Key must be 16 bytes in base64');
}

function badRequest(detail: string): Problem {
  return { code: 'bad-request', detail };
}
