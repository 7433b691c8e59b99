import { describe, expect, test } from 'vitest';
import { createPage } from '../../src/demo/page.ts';

const FILES = [{ name: 'index.html', type: 'text/html', body: '<!doctype html>' }];

function pageWith(floods: { count: number }) {
  return createPage({
    files: FILES,
    session: async () => ({ url: '/ws/agents', token: 'the-token' }),
    flood: async () => {
      floods.count++;
    },
  });
}

describe('the page of the demo', () => {
  const floods = { count: 0 };
  const page = pageWith(floods);
  const get = (url: string) => page(new Request(url));

  test('is at /, under a policy that runs no script of others', async () => {
    const response = await get('http://127.0.0.1:8080/');
    expect(await response?.text()).toBe('<!doctype html>');
    expect(response?.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('has its session beside it, which nothing keeps', async () => {
    const response = await get('http://localhost:8080/session.json');
    expect(response?.headers.get('cache-control')).toBe('no-store');
    expect(await response?.json()).toEqual({ url: '/ws/agents', token: 'the-token', flood: 'flood' });
  });

  test.each(['/', '/session.json'])(
    'gives %s to nobody who calls this machine by another name',
    async (path) => {
      const response = await get(`http://stranger.example:8080${path}`);
      expect(response?.status).toBe(403);
      expect(await response?.text()).not.toContain('the-token');
    },
  );

  test('leaves everything else to the server', () => {
    expect(get('http://127.0.0.1:8080/ws/agents')).toBeNull();
    expect(page(new Request('http://127.0.0.1:8080/session.json', { method: 'POST' }))).toBeNull();
  });

  test('floods for its own script alone', async () => {
    const ask = (headers: Record<string, string>) =>
      page(new Request('http://127.0.0.1:8080/flood', { method: 'POST', headers }));
    expect((await ask({}))?.status).toBe(403);
    expect(floods.count).toBe(0);
    expect((await ask({ 'x-agentcast-flood': '1' }))?.status).toBe(204);
    expect(floods.count).toBe(1);
  });
});
