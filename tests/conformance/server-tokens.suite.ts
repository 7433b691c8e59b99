import { describe, expect, test } from 'vitest';
import { newUser, tokenFor } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import type { ServerRig } from './server-rig.ts';

/** Contract §3: the three ways in which a client hands its token over. */
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
}
