import { describe, expect, test } from 'vitest';
import { plainGet } from '../support/http-answer.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import type { ConnectOptions, ServerRig } from './server-rig.ts';
import { expectProblem } from './server-rig.ts';

const PAST = Math.floor(Date.now() / 1000) - 60;
const many = (count: number): string => Array.from({ length: count }, (_, n) => `x-${n}`).join(',');

/** Contract §3: what is refused before the upgrade, and how a plain GET explains it. G12. */
export function refusalSuite(rig: () => ServerRig): void {
  const signedIn = async (query: Record<string, string>, userId = newUser()): Promise<ConnectOptions> => ({
    query: { token: await tokenFor(userId), ...query },
  });

  describe('400', () => {
    test.each([
      ['an unknown parameter', { agents: 'a-1' }, 'agents'],
      ['an agent id with a space', { agent_ids: 'a-1,a 2' }, 'agent_ids.1'],
      ['an agent id that is too long', { agent_ids: 'x'.repeat(129) }, 'agent_ids.0'],
      ['an empty filter', { agent_ids: '' }, 'agent_ids.0'],
      ['a project id with a slash', { project_ids: 'p/1' }, 'project_ids.0'],
      ['an event type in small letters', { event_types: 'agent_status_changed' }, 'event_types.0'],
      ['51 agents', { agent_ids: many(51) }, 'agent_ids'],
      ['51 projects', { project_ids: many(51) }, 'project_ids'],
      ['a position that is no number', { last_sequence_id: 'first' }, 'last_sequence_id'],
      ['a negative position', { last_sequence_id: '-1' }, 'last_sequence_id'],
      ['a broken position', { last_sequence_id: '1.5' }, 'last_sequence_id'],
      ['a position that no number holds', { last_sequence_id: '9007199254740993' }, 'last_sequence_id'],
      ['an empty position', { last_sequence_id: '' }, 'last_sequence_id'],
      ['an empty epoch', { epoch: '' }, 'epoch'],
      ['an epoch that is too long', { epoch: 'x'.repeat(129) }, 'epoch'],
    ])('%s', async (_, query, path) => {
      const { status, body } = await rig().refusal(await signedIn(query));
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ path, detail: expect.stringMatching(/wanted/) }]);
    });

    test('every fault is named', async () => {
      const wrong = {
        agent_ids: '!,a-1,?',
        event_types: 'x',
        last_sequence_id: 'x',
        epoch: '',
        color: 'red',
      };
      const { body } = await rig().refusal(await signedIn(wrong));
      const errors = body.errors as { path: string }[];
      expect(errors.map(({ path }) => path).sort()).toEqual(
        ['agent_ids.0', 'agent_ids.2', 'color', 'epoch', 'event_types.0', 'last_sequence_id'].sort(),
      );
    });

    test('a parameter that is given twice', async () => {
      const url = `${rig().agents({ token: await tokenFor(newUser()) })}&agent_ids=a-1&agent_ids=a-2`;
      const { status, body } = await plainGet(url);
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ path: 'agent_ids', detail: 'given more than once' }]);
    });
  });

  describe('401', () => {
    test.each<[string, () => Promise<string> | string, RegExp]>([
      ['an empty token', () => '', /no token/],
      ['a malformed token', () => 'abc', /malformed/],
      ['a token of three parts that are none', () => 'a.b.c', /malformed/],
      ['an expired token', () => tokenFor(newUser(), { exp: PAST }), /expired/],
      ['a token that is not valid yet', () => tokenFor(newUser(), { nbf: PAST + 3600 }), /not valid yet/],
      [
        'a wrong signature',
        () => tokenFor(newUser(), {}, 'another-secret-of-at-least-32-bytes!'),
        /signature/,
      ],
      ['a wrong issuer', () => tokenFor(newUser(), { iss: 'https://other.example' }), /issuer/],
      ['no issuer', () => tokenFor(newUser(), { iss: undefined }), /iss/],
      ['a wrong audience', () => tokenFor(newUser(), { aud: 'other' }), /audience/],
      ['a token without a user', () => tokenFor('', { sub: undefined }), /sub/],
      ['a user that no key could hold', () => tokenFor('a{b}c'), /sub/],
      ['a token without a signature', () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"u-1"}')}.`, /./],
    ])('%s', async (_, makeToken, detail) => {
      const token = await makeToken();
      const { status, body, headers } = await rig().refusal({ query: { token } });
      expect(status).toBe(401);
      expect(body.detail).toMatch(detail);
      expect(headers['www-authenticate']).toMatch(/^Bearer/);
      if (token !== '') expect(JSON.stringify(body)).not.toContain(token);
    });

    test('no token at all', async () => {
      expect((await rig().refusal({})).status).toBe(401);
    });

    test('a good token elsewhere does not save a bad header', async () => {
      const query = { token: await tokenFor(newUser()) };
      const headers = { authorization: 'Bearer abc' };
      expect((await rig().refusal({ query, headers })).status).toBe(401);
    });
  });

  describe('403', () => {
    test.each(['https://evil.example', 'http://dash.example', 'https://dash.example:8443', 'null'])(
      'Origin %s',
      async (origin) => {
        const { status } = await rig().refusal({ ...(await signedIn({})), headers: { origin } });
        expect(status).toBe(403);
      },
    );

    test.each(['https://dash.example', 'http://localhost:3000'])('not Origin %s', async (origin) => {
      await rig().connect(newUser(), { headers: { origin } });
    });
  });

  describe('a page of another origin', () => {
    const ask = (origin: string, init: RequestInit = {}) =>
      fetch(rig().agents().replace('ws', 'http'), { ...init, headers: { origin, ...init.headers } });
    const preflight = {
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    };
    const corsOf = ({ headers }: Response) =>
      Object.fromEntries([...headers].filter(([name]) => /^access-control|^vary$/.test(name)));

    test('may ask with its token, and read the answer and Retry-After, without credentials', async () => {
      const asked = await ask('https://dash.example', { method: 'OPTIONS', headers: preflight });
      expect([asked.status, corsOf(asked)]).toEqual([
        204,
        {
          'access-control-allow-origin': 'https://dash.example',
          'access-control-allow-methods': 'GET',
          'access-control-allow-headers': 'authorization',
          'access-control-expose-headers': 'retry-after',
          'access-control-max-age': '7200',
          vary: 'Origin, Access-Control-Request-Headers',
        },
      ]);
      const answer = await ask('https://dash.example');
      expect([answer.status, corsOf(answer)]).toEqual([
        401,
        {
          'access-control-allow-origin': 'https://dash.example',
          'access-control-expose-headers': 'retry-after',
          vary: 'Origin',
        },
      ]);
    });

    test('that is not allowed may not, and no other route may be asked', async () => {
      for (const init of [{}, { method: 'OPTIONS', headers: preflight }])
        expect(
          (await ask('https://evil.example', init)).headers.get('access-control-allow-origin'),
        ).toBeNull();
      for (const path of ['/api/v1/internal/ws/publish', '/healthz', '/metrics']) {
        const headers = { origin: 'https://dash.example', ...preflight };
        const answer = await fetch(`${rig().server.url}${path}`, { method: 'OPTIONS', headers });
        expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([405, null]);
      }
    });
  });

  test('426 explains that the upgrade would succeed', async () => {
    const { query } = await signedIn({ agent_ids: 'a-1', last_sequence_id: 'latest' });
    const answer = await plainGet(rig().agents(query));
    expect(answer.status).toBe(426);
    expect(answer.headers.upgrade).toBe('websocket');
    expectProblem(answer);
  });

  test('50 values in each filter are fine', async () => {
    const query = {
      agent_ids: many(50),
      project_ids: many(50),
      event_types: many(50).toUpperCase().replaceAll('-', '_'),
    };
    expect((await plainGet(rig().agents((await signedIn(query)).query))).status).toBe(426);
  });

  test.each(['/', '/ws', '/ws/agents/', '/ws/agentsx', '/api/v1/internal/ws', '/.env'])(
    '404 for %s',
    async (path) => {
      const answer = await plainGet(rig().server.url + path);
      expect(answer.status).toBe(404);
      expectProblem(answer);
    },
  );
}
