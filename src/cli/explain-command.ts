import { Command } from 'commander';
import { jsonLine } from './json-line.ts';
import { serverUrl, URL_MEANING, URL_OPTION } from './server-url.ts';
import { KEY_FILE_MEANING, KEY_FILE_OPTION, serviceKey } from './service-key.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Every instance is asked. Each remembers the newest 262,144 things that happened to events there: about 26 seconds at 10,000
deliveries a second, much longer where there are fewer. Times are UTC, by the clock of each instance.

Examples:
  agentcast explain --user u-1 --sequence 42
  agentcast explain --user u-1 --sequence 42 --json | jq '.history[] | select(.what == "shed")'`;

type Options = {
  readonly url?: string;
  readonly keyFile?: string;
  readonly user: string;
  readonly sequence: string;
  readonly json?: true;
};

/** `agentcast explain`: what became of one event, by the operator route of that name. */
export function explainCommand(shell: Shell): Command {
  return new Command('explain')
    .description('Show what happened to one event on each instance: who got it, who did not, and why.')
    .option(URL_OPTION, URL_MEANING)
    .option(KEY_FILE_OPTION, KEY_FILE_MEANING)
    .requiredOption('--user <id>', 'whose event it is')
    .requiredOption('--sequence <n>', 'its sequence_id, as a publish was answered and clients see it')
    .option('--json', 'print JSON, as the server gives it')
    .addHelpText('after', EXAMPLES)
    .action(async ({ url, keyFile, user, sequence, json }: Options) => {
      const { explanationText, readExplanation } = await import('./explain.ts');
      const access = { url: serverUrl(shell.env, url), key: serviceKey(shell.env, keyFile) };
      const explanation = await readExplanation(access, { user, sequence }, shell.toldToStop());
      shell.output.write(json ? jsonLine(explanation) : explanationText(explanation));
    });
}
