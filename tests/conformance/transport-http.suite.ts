import { describe, expect, test } from 'vitest';
import type { TransportRig } from '../support/transport-rig.ts';

/** Ordinary requests, and what is no request at all. */
export function httpSuite(rig: TransportRig): void {
  describe('ordinary requests', () => {
    test('the route gets no upgrade, and the address of the peer', async () => {
      expect(await (await rig.get('/bindings')).json()).toEqual({
        upgrade: false,
        remoteAddress: '127.0.0.1',
      });
    });

    test('HEAD is answered without the body', async () => {
      const raw = await rig.raw();
      raw.request('HEAD /plain', { headers: ['Connection: close'] });
      const answer = await raw.rest();
      expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
      expect(answer).toMatch(/content-type: text\/plain/i);
    });

    test('pipelined requests are answered in their order', async () => {
      const raw = await rig.raw();
      raw.request('GET /slow?id=pipelined');
      raw.request('GET /plain', { headers: ['Connection: close'] });
      await rig.journal('pipelined', 'waiting');
      await rig.release('pipelined');
      expect(await raw.rest()).toMatch(/200 OK[\s\S]*slow[\s\S]*200 OK[\s\S]*plain/);
    });

    test('a body that comes in pieces arrives whole', async () => {
      const raw = await rig.raw();
      raw.request('POST /body', { headers: ['Transfer-Encoding: chunked', 'Connection: close'] });
      for (let i = 0; i < 16; i++) raw.write(`10000\r\n${'x'.repeat(65_536)}\r\n`);
      raw.write('0\r\n\r\n');
      expect(await raw.rest()).toContain('1048576');
    });

    test('a refusal comes before the body has been sent', async () => {
      const raw = await rig.raw();
      raw.request('POST /too-large', { headers: ['Content-Length: 50000000'] });
      raw.write('x'.repeat(100_000));
      expect(await raw.until('the body is too large')).toMatch(/^HTTP\/1\.1 413 /);
      await raw.over;
    });

    test('the route learns that its client is gone', async () => {
      const raw = await rig.raw();
      raw.request('POST /abort?id=gone', { headers: ['Content-Length: 0'] });
      await rig.journal('gone', 'started');
      raw.socket.resetAndDestroy();
      expect(await rig.journal('gone', 'aborted')).toEqual(['started', 'aborted']);
    });

    test.each(['/throws', '/rejects'])(
      '%s: a fault of a route is a 500 that says nothing of it',
      async (path) => {
        const response = await rig.get(path);
        const body = await response.text();
        expect(response.status).toBe(500);
        expect(response.headers.get('content-type')).toBe('application/problem+json');
        expect(body).not.toMatch(/secret|at .*\.ts/);
        expect((await rig.errors()).filter((error) => error.startsWith('route: '))).not.toEqual([]);
      },
    );

    test('an address that is taken rejects listen()', async () => {
      expect(await (await rig.get('/listen-again')).text()).toBe('EADDRINUSE');
    });
  });

  describe('an upgrade to something else', () => {
    const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];

    test('is answered as the ordinary request it also is', async () => {
      const raw = await rig.raw();
      raw.request('GET /bindings', { headers: h2c });
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 200 [\s\S]*"upgrade":false/);
    });

    test('HEAD is answered without the body', async () => {
      const raw = await rig.raw();
      raw.request('HEAD /plain', { headers: h2c });
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
    });

    test('is refused where it would need a body', async () => {
      const raw = await rig.raw();
      raw.request('POST /body', { headers: [...h2c, 'Content-Length: 3'] });
      raw.write('abc');
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 400 [\s\S]*application\/problem\+json/);
    });

    test('a path is not taken for a host', async () => {
      const raw = await rig.raw();
      raw.request('GET //plain/bindings', { headers: h2c });
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 404 /);
    });

    test('without Connection: upgrade it is an ordinary request', async () => {
      const raw = await rig.raw();
      raw.request('GET /bindings', { headers: ['Upgrade: websocket', 'Connection: close'] });
      expect(await raw.rest()).toMatch(/^HTTP\/1\.1 200 [\s\S]*"upgrade":false/);
    });
  });

  test('HTTP/1.0 without a host, as load balancers check health, is answered', async () => {
    const raw = await rig.raw();
    raw.write('GET /bindings HTTP/1.0\r\n\r\n');
    expect(await raw.rest()).toMatch(/^HTTP\/1\.1 200 /);
  });

  describe('what is no request', () => {
    test.each([
      ['garbage', '\u0000\u0001garbage\r\n\r\n', 'not an HTTP/1.1 request'],
      ['a head over 16 KiB', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`, '16384 bytes'],
      ['a head that never ends', 'GET / HTTP/1.1\r\nHo', 'did not arrive in time'],
      ['an impossible host', 'GET /plain HTTP/1.1\r\nHost: a b\r\n\r\n', 'Invalid'],
    ])('%s is answered 400 and let go', async (_, text, detail) => {
      const raw = await rig.raw();
      raw.write(text);
      const answer = await raw.until(detail);
      expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(answer).toMatch(/content-type: application\/problem\+json\r\n/i);
    });

    test('an impossible host is told by what the request is called', async () => {
      const raw = await rig.raw();
      raw.write('GET /plain HTTP/1.1\r\nHost: a b\r\nx-request-id: p-1\r\n\r\n');
      expect(await raw.until('Invalid')).toMatch(/x-request-id: p-1\r\n/i);
    });

    test('a body that never ends is cut', async () => {
      const raw = await rig.raw();
      raw.request('POST /body', { headers: ['Content-Length: 100'] });
      raw.write('x');
      await raw.over;
    });

    test('a connection that says nothing is closed without an answer', async () => {
      const raw = await rig.raw();
      await raw.over;
      expect(raw.text()).toBe('');
    });

    test('garbage behind an open request is not answered in its place', async () => {
      const raw = await rig.raw();
      raw.request('GET /slow?id=before-garbage');
      await rig.journal('before-garbage', 'waiting');
      raw.write('garbage\r\n\r\n');
      await raw.over;
      expect(raw.text()).toBe('');
    });

    test('CONNECT is not left hanging', async () => {
      const raw = await rig.raw();
      raw.request('CONNECT example.org:80');
      expect(await raw.rest()).not.toContain(' 200 ');
    });
  });
}
