import { printable } from '../demo/message-text.ts';
import { shorten } from '../protocol/ids.ts';
import { checkUser } from './development-token.ts';
import { UsageError } from './exit-status.ts';
import type { ServerAccess } from './operator-request.ts';
import { operatorRequest } from './operator-request.ts';

const CONNECTION_ID = /^[\w.:-]{1,128}$/;

/** What the server answers (contract §5, operators): the ids of the connections that it closed. */
export type Disconnected = { readonly disconnected: readonly string[] };

/** The route, below the operators' root, that closes what the flags name. Throws a UsageError where they name not just one. */
export function pathOf({
  user,
  connection,
}: {
  readonly user?: string;
  readonly connection?: string;
}): string {
  if ((user === undefined) === (connection === undefined)) {
    const got = user === undefined ? 'neither --user nor --connection' : '--user and --connection';
    throw new UsageError(`got ${got}, wanted one of them`);
  }
  if (user !== undefined) {
    checkUser(user);
    return `/users/${encodeURIComponent(user)}/disconnect`;
  }
  if (connection !== undefined && CONNECTION_ID.test(connection))
    return `/connections/${connection}/disconnect`;
  throw new UsageError(
    `--connection: got ${JSON.stringify(shorten(connection ?? ''))}, wanted an id as agentcast status shows it`,
  );
}

/** Closes them. Throws a Failure that says what to do; who names a connection that is not there gets one, too. */
export const disconnect = async (
  access: ServerAccess,
  path: string,
  stop: AbortSignal,
): Promise<Disconnected> =>
  (await operatorRequest(access, { method: 'POST', path, list: 'disconnected' }, stop)) as Disconnected;

export function disconnectedText({ disconnected }: Disconnected): string {
  if (disconnected.length === 0) return 'no connections to close\n';
  const count = `${disconnected.length} connection${disconnected.length === 1 ? '' : 's'}`;
  return `${count} closed:\n${disconnected.map((id) => `  ${printable(id)}\n`).join('')}`;
}
