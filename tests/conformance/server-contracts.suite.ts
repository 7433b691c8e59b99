import { describe, expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../src/protocol/events.ts';
import { documentText } from '../support/documented.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import { PUBLISH_BATCH } from '../support/worker.ts';
import { DOCUMENTS } from './server-documents.ts';
import type { Cell, ServerRig } from './server-rig.ts';

const ROOT = '/api/v1/internal/ws';

/** The documents that a server serves, and answers that they name and no other suite asks for. */
export function contractSuite(rig: () => ServerRig): void {
  describe('contracts', () => {
    test.each(['openapi', 'asyncapi'] as const)('/%s.json is the document, to whoever asks', async (name) => {
      const response = await rig().get(`/${name}.json`);
      expect(response.status).toBe(200);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect((await response.text()) === documentText(name)).toBe(true);
      const etag = response.headers.get('etag') ?? '';
      const again = await rig().get(`/${name}.json`, { headers: { 'if-none-match': etag } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    });

    test('an upgrade without a proper key, and a plain request', async () => {
      const query = { token: await tokenFor(newUser()) };
      const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
      expect((await rig().plain({ query, headers })).status).toBe(400);
      expect((await rig().plain({ query })).status).toBe(426);
    });

    test('a batch that is not signed, or no JSON', async () => {
      const send = (headers: Record<string, string>) => rig().worker.send(PUBLISH_BATCH, '{}', { headers });
      expect((await send({ 'x-service-name': 'nobody' })).status).toBe(401);
      expect((await send({ 'content-type': 'text/plain' })).status).toBe(415);
    });

    test.each([`${ROOT}/connections/c-1/disconnect`, `${ROOT}/users/u-1/disconnect`])(
      'POST %s with a body',
      async (path) => {
        expect((await rig().worker.send(path, 'now')).status).toBe(400);
        expect((await rig().worker.send(path, 'x'.repeat(MAX_BODY_BYTES + 1))).status).toBe(413);
      },
    );
  });
}

/** Takes a fault of the server, an instance that is stopped in the middle of an order, or 64 MiB of bodies at a time. */
const RARE = /internal-error|instance-silent|overloaded/;
/** An engine in the process of the server does not go away. */
const ENGINE_AWAY = /engine-unavailable|not-ready/;

/** Whether all that the documents promise was seen in the suites before. */
export function promiseSuite({ redisUrl }: Cell): void {
  test('the documents promise nothing that does not come', () => {
    const { answers, messages } = DOCUMENTS;
    const isExcused = (answer: string) =>
      RARE.test(answer) || (redisUrl === null && ENGINE_AWAY.test(answer));
    const unseen = answers.promised.filter((answer) => !answers.seen.has(answer));
    expect(unseen.filter((answer) => !isExcused(answer))).toEqual([]);
    expect(messages.promised.filter((message) => !messages.seen.has(message))).toEqual([]);
  });
}
