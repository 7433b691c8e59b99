import { Command } from 'commander';
import { jsonLine } from './json-line.ts';
import { serverUrl, URL_MEANING, URL_OPTION } from './server-url.ts';
import { KEY_FILE_MEANING, KEY_FILE_OPTION, serviceKey } from './service-key.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Examples:
  agentcast status
  agentcast status --user u-1
  agentcast status --url https://cast.example --key-file ./service-key --json`;

type Options = {
  readonly url?: string;
  readonly keyFile?: string;
  readonly user?: string;
  readonly json?: true;
};

/** `agentcast status`: instances and connections, by the operator routes. */
export function statusCommand(shell: Shell): Command {
  return new Command('status')
    .description('Show the instances that run and, with --user, the connections of a user, of all instances.')
    .option(URL_OPTION, URL_MEANING)
    .option(KEY_FILE_OPTION, KEY_FILE_MEANING)
    .option('--user <id>', 'show the connections of this user too')
    .option('--json', 'print JSON, as the server gives it')
    .addHelpText('after', EXAMPLES)
    .action(async ({ url, keyFile, user, json }: Options) => {
      const { readStatus, statusText } = await import('./status.ts');
      const access = { url: serverUrl(shell.env, url), key: serviceKey(shell.env, keyFile) };
      const status = await readStatus(access, user ?? null, shell.toldToStop());
      shell.output.write(json ? jsonLine(status) : statusText(status, Date.now()));
    });
}
