import { decodeJwt } from 'jose';
import type { Environment } from '../../config.ts';
import { show } from '../../protocol/ids.ts';
import { checkUser, developmentToken, tokenSecret } from '../development-token.ts';
import { UsageError } from '../exit-status.ts';

const VALID_FOR_MS = 3_600_000;

/** As the client library takes it: a token that was given, or what makes a fresh one for each connection. */
export type TokenSource = { readonly token: string } | { readonly getToken: () => Promise<string> };

/**
 * Where the token of each connection comes from: --secret-file with --user, else AGENTCAST_TOKEN, else JWT_SECRET with
 * --user. Throws a UsageError where there is none, or it is of another user.
 */
export function tokenSource(
  env: Environment,
  { user, secretFile }: { readonly user?: string; readonly secretFile?: string },
): TokenSource {
  if (user !== undefined) checkUser(user);
  const given = env.AGENTCAST_TOKEN?.trim() ?? '';
  if (given !== '' && secretFile === undefined) {
    checkSubject(given, user);
    return { token: given };
  }
  const secret = tokenSecret(env, secretFile);
  if (secret === null) {
    throw new UsageError(
      'no token: got neither AGENTCAST_TOKEN nor a secret to make one, wanted AGENTCAST_TOKEN, or --user with JWT_SECRET or --secret-file',
    );
  }
  if (user === undefined)
    throw new UsageError('got no --user, wanted one to make a token for (or AGENTCAST_TOKEN)');
  return { getToken: () => developmentToken(env, { user, secret, expiresInMs: VALID_FOR_MS }) };
}

function checkSubject(token: string, user: string | undefined): void {
  if (user === undefined) return;
  const subject = subjectOf(token);
  // What cannot be read, the server refuses in words of its own.
  if (subject === undefined || subject === user) return;
  throw new UsageError(
    `--user: got ${user}, but AGENTCAST_TOKEN is of ${show(subject)}; leave out one of them (JWT_SECRET then makes a token for --user)`,
  );
}

function subjectOf(token: string): string | undefined {
  try {
    return decodeJwt(token).sub;
  } catch {
    return undefined;
  }
}
