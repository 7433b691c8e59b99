import { SignJWT } from 'jose';
import type { Environment } from '../config.ts';
import { isUserId, show, USER_ID_WANTED } from '../protocol/ids.ts';
import { UsageError } from './exit-status.ts';
import { secretFile } from './secret-file.ts';

export const SECRET_FILE_OPTION = '--secret-file <path>';
export const SECRET_FILE_MEANING = 'file with the HS256 secret (default: JWT_SECRET)';

/** The secret that tokens are signed with, of the file or of JWT_SECRET; null where there is none. Throws a UsageError. */
export function tokenSecret(env: Environment, file: string | undefined): string | null {
  if (file !== undefined) return secretFile('--secret-file', file);
  // As the server takes it: spaces and all, but nothing else than spaces is none.
  return env.JWT_SECRET !== undefined && env.JWT_SECRET.trim() !== '' ? env.JWT_SECRET : null;
}

/**
 * A token of a user (RFC 7519, HS256) that ends after `expiresInMs`, with `iss` and `aud` where JWT_ISSUER and
 * JWT_AUDIENCE are set, as the server asks for then. Throws a UsageError for what is no user id.
 */
export async function developmentToken(
  env: Environment,
  { user, secret, expiresInMs }: { user: string; secret: string; expiresInMs: number },
): Promise<string> {
  checkUser(user);
  const token = new SignJWT()
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(new Date(Date.now() + expiresInMs));
  const issuer = env.JWT_ISSUER?.trim();
  const audience = env.JWT_AUDIENCE?.trim();
  if (issuer) token.setIssuer(issuer);
  if (audience) token.setAudience(audience);
  return await token.sign(new TextEncoder().encode(secret));
}

/** Throws a UsageError for what is no user id. */
export function checkUser(user: string): void {
  if (!isUserId(user)) throw new UsageError(`--user: got ${show(user)}, wanted ${USER_ID_WANTED}`);
}
