import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { TEST_JWT_SECRET } from './server-process.ts';

/** What every token of the tests claims; servers that are not told to look at it ignore it. */
export const TEST_ISSUER = 'https://tests.example';
export const TEST_AUDIENCE = 'agentcast-tests';

/** A user id of its own, so that tests that share a server, or a Redis, do not share a stream. */
export const newUser = (): string => `u-${randomUUID()}`;

/**
 * An HS256 token of a user, good for an hour.
 * @param claims stronger than the defaults; one that is undefined is left out
 */
export function tokenFor(
  userId: string,
  claims: Record<string, unknown> = {},
  secret = TEST_JWT_SECRET,
): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const all = { sub: userId, iss: TEST_ISSUER, aud: TEST_AUDIENCE, exp, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}
