import { Command } from 'commander';
import {
  developmentToken,
  SECRET_FILE_MEANING,
  SECRET_FILE_OPTION,
  tokenSecret,
} from './development-token.ts';
import { durationOption } from './durations.ts';
import { UsageError } from './exit-status.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Issuer and audience are JWT_ISSUER and JWT_AUDIENCE, where they are set. The token alone goes to standard output.

Examples:
  agentcast token --user u-1
  export AGENTCAST_TOKEN=$(agentcast token --user u-1 --expires 12h)
  agentcast token --user u-1 --secret-file ./jwt-secret`;

/** A hundred years: beyond some more, there are no dates. */
const LONGEST_MS = 36_500 * 86_400_000;

type Options = { readonly user: string; readonly expires: string; readonly secretFile?: string };

/** `agentcast token`: a JWT for development. */
export function tokenCommand(shell: Shell): Command {
  return new Command('token')
    .description('Make a token of a user for development (JWT, HS256).')
    .requiredOption('--user <id>', 'whose token: its sub')
    .option('--expires <duration>', 'how long it is valid: 30s, 5m, 12h, 30d', '1h')
    .option(SECRET_FILE_OPTION, SECRET_FILE_MEANING)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      shell.output.write(`${await token(shell, options)}\n`);
    });
}

async function token({ env }: Shell, options: Options): Promise<string> {
  const expiresInMs = durationOption('--expires', options.expires);
  if (expiresInMs < 1_000 || expiresInMs > LONGEST_MS)
    throw new UsageError(`--expires: got ${options.expires}, wanted 1s to 36500d`);
  const secret = tokenSecret(env, options.secretFile);
  if (secret === null) {
    throw new UsageError(
      'no secret: got neither --secret-file nor JWT_SECRET, wanted the JWT_SECRET of the server in one of them',
    );
  }
  return await developmentToken(env, { user: options.user, secret, expiresInMs });
}
