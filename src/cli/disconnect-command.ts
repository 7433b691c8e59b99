import { Command } from 'commander';
import { jsonLine } from './json-line.ts';
import { serverUrl, URL_MEANING, URL_OPTION } from './server-url.ts';
import { KEY_FILE_MEANING, KEY_FILE_OPTION, serviceKey } from './service-key.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Each is closed with 4002, on whichever instance it is, and its client does not come back by itself. Whoever still has a good
token may connect again. agentcast status --user <id> shows the connections of a user.

Examples:
  agentcast disconnect --user u-1
  agentcast disconnect --connection 5f0c2a7d9e --json`;

type Options = {
  readonly url?: string;
  readonly keyFile?: string;
  readonly user?: string;
  readonly connection?: string;
  readonly json?: true;
};

/** `agentcast disconnect`: closes connections, by the operator routes. */
export function disconnectCommand(shell: Shell): Command {
  return new Command('disconnect')
    .description('Close one connection, or all connections of a user, on all instances.')
    .option('--user <id>', 'all connections of this user')
    .option('--connection <id>', 'this connection alone')
    .option('--json', 'print JSON, as the server gives it')
    .option(URL_OPTION, URL_MEANING)
    .option(KEY_FILE_OPTION, KEY_FILE_MEANING)
    .addHelpText('after', EXAMPLES)
    .action(async ({ url, keyFile, json, ...whom }: Options) => {
      const { disconnect, disconnectedText, pathOf } = await import('./disconnect.ts');
      const path = pathOf(whom);
      const access = { url: serverUrl(shell.env, url), key: serviceKey(shell.env, keyFile) };
      const answer = await disconnect(access, path, shell.toldToStop());
      shell.output.write(json ? jsonLine(answer) : disconnectedText(answer));
    });
}
