import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { show } from '../protocol/ids.ts';
import { UsageError } from './exit-status.ts';
import type { Shell } from './shell.ts';

/** Standard Webhooks asks for 24 to 64. */
const KEY_BYTES = 32;
const NAME = /^[A-Za-z0-9_.-]{1,128}$/;

const EXAMPLES = `
Standard output is good for an .env file. To rotate a key, let the server have both for a while, with one name:
INTERNAL_SERVICE_KEYS=workers:<old>,workers:<new>

Examples:
  agentcast keygen
  agentcast keygen --name builders >> .env
  agentcast keygen --json`;

type Options = { readonly name: string; readonly json?: true };

/** `agentcast keygen`: a fresh service key. */
export function keygenCommand(shell: Shell): Command {
  return new Command('keygen')
    .description('Make a service key for workers, and the lines that server and worker need.')
    .option('--name <service>', 'name of the service that signs with it', 'workers')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(({ name, json }: Options) => {
      if (!NAME.test(name)) {
        throw new UsageError(`--name: got ${show(name)}, wanted 1 to 128 of A-Z a-z 0-9 _ . -`);
      }
      const key = `whsec_${randomBytes(KEY_BYTES).toString('base64')}`;
      shell.output.write(json ? jsonOf(name, key) : linesOf(name, key));
    });
}

const jsonOf = (name: string, key: string): string =>
  `${JSON.stringify({ name, key, internal_service_keys: `${name}:${key}` })}\n`;

const linesOf = (name: string, key: string): string => `# for the server (of several, with commas between)
INTERNAL_SERVICE_KEYS=${name}:${key}
# for the worker, and for agentcast publish, status and disconnect
AGENTCAST_SERVICE_KEY=${name}:${key}
`;
