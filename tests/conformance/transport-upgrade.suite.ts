import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { frame, OPCODE, type RawClient } from '../support/raw-client.ts';
import { isNoDrain, type TransportRig } from '../support/transport-rig.ts';

/** How a route decides about an upgrade, and what can get in its way. */
export function upgradeSuite(rig: TransportRig): void {
  const ask = async (line: string, headers: string[] = []): Promise<RawClient> => {
    const raw = await rig.raw();
    raw.request(line, { upgrade: true, headers });
    return raw;
  };

  describe('a refused upgrade', () => {
    test('gets the status, headers and body of the route, and is let go', async () => {
      const raw = await ask('GET /refuse');
      const [head = '', body = ''] = (await raw.rest()).split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
      expect(head).toContain('\r\nx-extra: kept');
      expect(head).toContain(`\r\ncontent-length: ${body.length}`);
      expect(JSON.parse(body)).toMatchObject({ status: 401, detail: 'no' });
    });

    test('gets its answer though it kept talking', async () => {
      const raw = await ask('GET /refuse');
      raw.socket.end(Buffer.alloc(16 * 1024 * 1024));
      const [wasReset] = await once(raw.socket, 'close');
      expect(wasReset).toBe(false);
      expect(raw.text()).toContain('"status":401');
    });

    test('is cut off where it does not hang up', async () => {
      const raw = await rig.raw({ halfOpen: true });
      raw.request('GET /refuse', { upgrade: true });
      await raw.rest();
      const cut = new Promise((resolve) => raw.socket.once('close', resolve));
      // What is written to a connection that is gone comes back as a reset.
      const knocking = setInterval(() => raw.write('x'), 50);
      await cut.finally(() => clearInterval(knocking));
    });

    test.each(['/throws', '/rejects'])(
      '%s: a fault of the route is a 500 that says nothing of it',
      async (path) => {
        const raw = await ask(`GET ${path}`);
        const answer = await raw.rest();
        expect(answer).toMatch(/^HTTP\/1\.1 500 [\s\S]*application\/problem\+json/);
        expect(answer).not.toMatch(/secret|at .*\.ts/);
        expect((await rig.errors()).some((error) => error.startsWith('upgrade route: '))).toBe(true);
      },
    );

    test('an error answer takes an acceptance back', async () => {
      const id = rig.newId();
      const raw = await ask(`GET /accept-then-fail?id=${id}`);
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 500 [\s\S]*failed/);
      expect(await rig.journal(id)).toEqual(['aborted']);
    });

    test('a route that does not decide is given up, with a time to come back', async () => {
      const raw = await ask('GET /never');
      const answer = await raw.rest();
      expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*not decided within 1000 ms/);
    });

    test('a route that accepts too late is told that it came to nothing', async () => {
      const id = rig.newId();
      const raw = await ask(`GET /ws?id=${id}&gated`);
      await raw.rest();
      await rig.journal(id, 'abandoned');
      await rig.release(id);
      expect(await rig.journal(id, 'aborted')).toEqual(['waiting', 'abandoned', 'aborted']);
    });

    test('a client that goes away is not upgraded', async () => {
      const id = rig.newId();
      const raw = await ask(`GET /ws?id=${id}&gated`);
      await rig.journal(id, 'waiting');
      raw.socket.resetAndDestroy();
      await rig.journal(id, 'abandoned');
      await rig.release(id);
      expect(await rig.journal(id, 'aborted')).toEqual(['waiting', 'abandoned', 'aborted']);
    });
  });

  describe('a handshake that cannot succeed', () => {
    test.each([
      ['an old version', ['Sec-WebSocket-Version: 8'], 426, 'Sec-WebSocket-Version must be 13, got 8'],
      ['no version', [], 426, 'got none'],
      ['no key', ['Sec-WebSocket-Version: 13'], 400, 'Sec-WebSocket-Key'],
      ['a bad key', ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: short'], 400, 'Sec-WebSocket-Key'],
    ])('%s is refused before the route is asked', async (_, headers, status, detail) => {
      const id = rig.newId();
      const raw = await rig.raw();
      raw.request(`GET /ws?id=${id}`, { headers: ['Connection: Upgrade', 'Upgrade: websocket', ...headers] });
      const answer = await raw.rest();
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*application/problem\\+json`));
      expect(answer).toContain(detail);
      if (status === 426) expect(answer).toMatch(/sec-websocket-version: 13\r\n/i);
      expect(await rig.journal(id)).toEqual([]);
    });

    test('a subprotocol list that is none aborts the acceptance', async () => {
      const id = rig.newId();
      const raw = await ask(`GET /ws?id=${id}`, ['Sec-WebSocket-Protocol: a,,b']);
      expect(await raw.rest()).toMatch(
        /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*Sec-WebSocket-Protocol/,
      );
      expect(await rig.journal(id)).toEqual(['aborted']);
    });

    test('another method than GET is refused', async () => {
      const raw = await ask('POST /ws');
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 400 [\s\S]*must be a GET or HEAD, got POST/);
    });

    test('a body is refused', async () => {
      const raw = await ask('GET /ws', ['Content-Length: 3']);
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 400 [\s\S]*must not have a body/);
    });
  });

  describe('an accepted upgrade', () => {
    test('may write WebSocket as it likes', async () => {
      const raw = await rig.raw();
      const headers = ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
      raw.request(`GET /ws?id=${rig.newId()}`, {
        headers: ['Connection: keep-alive, UPGRADE', 'Upgrade: WebSocket', ...headers],
      });
      expect(await raw.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
    });

    test('may follow an answered request on its connection', async () => {
      const raw = await rig.raw();
      raw.request('GET /plain');
      await raw.until('plain');
      raw.request(`GET /ws?id=${rig.newId()}`, { upgrade: true });
      expect(await raw.until('101')).toContain('HTTP/1.1 101 ');
    });

    test('waits until the request before it is answered', async () => {
      const id = rig.newId();
      const raw = await rig.raw();
      raw.request(`GET /slow?id=${id}`);
      await rig.journal(id, 'waiting');
      raw.request(`GET /ws?id=${id}`, { upgrade: true });
      raw.write(frame(OPCODE.text, 'early'));
      await rig.release(id);
      expect(await raw.until('early')).toMatch(/^HTTP\/1\.1 200 [\s\S]*slowHTTP\/1\.1 101 /);
      const entries = await rig.journal(id);
      expect(entries.filter(isNoDrain)).toEqual(['waiting', 'open', 'message early']);
    });

    test('frames that came with the handshake are not lost', async () => {
      const id = rig.newId();
      const raw = await rig.raw();
      raw.socket.cork();
      raw.request(`GET /ws?id=${id}&gated`, { upgrade: true });
      raw.write(frame(OPCODE.text, 'with the handshake'));
      raw.socket.uncork();
      await rig.journal(id, 'waiting');
      raw.write(frame(OPCODE.text, 'before the answer'));
      await rig.release(id);
      const entries = await rig.journal(id, 'message before');
      expect(entries.filter(isNoDrain)).toEqual([
        'waiting',
        'open',
        'message with the handshake',
        'message before the answer',
      ]);
    });

    test('names the subprotocol of the route, if the client offered it', async () => {
      const chosen = await rig.socket(rig.newId(), '&protocol=bearer', ['bearer', 'token']);
      expect(chosen.protocol).toBe('bearer');
      const raw = await ask(`GET /ws?id=${rig.newId()}&protocol=other`, [
        'Sec-WebSocket-Protocol: bearer, token',
      ]);
      expect(await raw.until('\r\n\r\n')).not.toMatch(/sec-websocket-protocol/i);
    });

    test('never echoes a subprotocol that the route did not choose', async () => {
      const raw = await ask(`GET /ws?id=${rig.newId()}`, ['Sec-WebSocket-Protocol: token, bearer']);
      expect(await raw.until('\r\n\r\n')).not.toMatch(/sec-websocket-protocol/i);
    });

    test('calls an upgrade that fails at its last step what the request was called', async () => {
      const id = rig.newId();
      const headers = ['x-request-id: p-1', 'Sec-WebSocket-Protocol: a,,b'];
      const answer = await (await ask(`GET /ws?id=${id}`, headers)).until('Invalid');
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(answer).toMatch(/x-request-id: p-1\r\n/i);
    });

    test('offers no compression', async () => {
      const raw = await ask(`GET /ws?id=${rig.newId()}`, ['Sec-WebSocket-Extensions: permessage-deflate']);
      expect(await raw.until('\r\n\r\n')).not.toMatch(/sec-websocket-extensions/i);
    });
  });
}
