import { describe, expect, test } from 'vitest';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

/** Contract §3 and §4: the three ways in which a client hands its token over, and how long it is good. */
export function tokenSuite(rig: () => ServerRig): void {
  describe('a token may come', () => {
    test('in the query', async () => {
      await rig().dial({ query: { token: await tokenFor(newUser()) } });
    });

    test.each(['Bearer', 'bearer'])('in an Authorization header (%s)', async (scheme) => {
      const user = newUser();
      const client = await rig().dial({ headers: { authorization: `${scheme} ${await tokenFor(user)}` } });
      expect((await client.next('CONNECTED')).payload.user_id).toBe(user);
      expect(client.protocol).toBe('');
    });

    test('as the second of a pair of subprotocols, of which only the first is named in the answer', async () => {
      const user = newUser();
      const client = await rig().dial({ protocols: ['bearer', await tokenFor(user)] });
      expect((await client.next('CONNECTED')).payload.user_id).toBe(user);
      expect(client.protocol).toBe('bearer');
    });

    test('of a user as identity providers name them', async () => {
      const user = `auth0|${newUser()}+x@example.com`;
      const client = await rig().live(user);
      expect(await rig().numbersSeen(client, user, [numberedEvent(user, 1)])).toEqual([1]);
    });
  });

  describe('a token that expires while connected', () => {
    test('is told of ahead, then closed with 4001, not before; a fresh one goes on and loses nothing', async () => {
      const user = newUser();
      const expiresAt = Math.ceil(Date.now() / 1000 + 2) * 1000;
      const query = { token: await tokenFor(user, { exp: expiresAt / 1000 }) };
      const first = await rig().live(user, { query });
      await rig().worker.accepted(numberedEvent(user, 1));
      const { payload } = await first.next('TOKEN_EXPIRING');
      const { epoch } = await rig().worker.accepted(numberedEvent(user, 2));
      expect(payload).toEqual({
        expires_at: new Date(expiresAt).toISOString(),
        expires_in_ms: expect.any(Number),
      });
      expect(payload.expires_in_ms).toBeGreaterThanOrEqual(0);
      expect(payload.expires_in_ms).toBeLessThanOrEqual(1_500);
      expect(await first.closed()).toEqual({ code: 4001, reason: 'token_expired' });
      expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
      expect(first.frames[0]?.type).toBe('CONNECTED');
      expect(first.frames.filter(({ type }) => type === 'TOKEN_EXPIRING')).toHaveLength(1);
      expect((await rig().refusal({ query })).body.detail).toBe('token expired');

      await rig().worker.accepted(numberedEvent(user, 3));
      const seen = first.events.map(({ sequence_id }) => sequence_id);
      const position = { last_sequence_id: String(seen.at(-1)), epoch: String(epoch) };
      const second = await rig().live(user, { query: position });
      await rig().worker.accepted(numberedEvent(user, 4));
      await second.until(({ sequence_id }) => sequence_id === 4);
      expect([...seen, ...second.events.map(({ sequence_id }) => sequence_id)]).toEqual([1, 2, 3, 4]);
      expect(second.frames[1]?.payload).toMatchObject({ complete: true, missing: null });
    });
  });
}
