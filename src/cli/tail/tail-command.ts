import { Command } from 'commander';
import { SECRET_FILE_MEANING, SECRET_FILE_OPTION } from '../development-token.ts';
import { URL_MEANING, URL_OPTION } from '../server-url.ts';
import type { Shell } from '../shell.ts';
import type { TailOptions } from './tail.ts';

const EXAMPLES = `
Events go to standard output, one line each: time, number in the stream, agent, what happened. Progress has no number (·): it is
live only and never replayed. Lines with -- on standard error tell of the connection: replays, gaps, cuts. After a cut it connects
again and goes on from the last number it saw; a token that it made itself is made anew. With --json, every message of the
server but its PINGs goes to standard output, as the server sent it, and gaps to standard error as well. Where nobody answers the
first time, it ends with 1.

Whose events: the user of AGENTCAST_TOKEN; without it, the one of --user, by a token made of JWT_SECRET or --secret-file.

Examples:
  agentcast tail --user u-1
  agentcast tail --user u-1 --agent coder,tester --type AGENT_STATUS_CHANGED
  agentcast tail --from all --count 1 --type BUILD_DONE && echo built
  agentcast tail --from all --json | jq .payload`;

/** `agentcast tail`: the events of a user as they come. */
export function tailCommand(shell: Shell): Command {
  return new Command('tail')
    .description('Show the events of a user as they come, over cuts and restarts, until Ctrl-C.')
    .option('--user <id>', 'whose events, where the token is made here')
    .option('--agent <ids>', 'only these agents, comma-separated')
    .option('--project <ids>', 'only these projects')
    .option('--type <types>', 'only these event types')
    .option(
      '--from <start>',
      'latest: what is new; all: what is kept, too; a number: what came after it',
      'latest',
    )
    .option('--epoch <epoch>', 'epoch of the number in --from')
    .option('--count <number>', 'end after so many events; each step of progress is one')
    .option('--json', 'print the messages of the server as JSON lines')
    .option(SECRET_FILE_OPTION, SECRET_FILE_MEANING)
    .option(URL_OPTION, URL_MEANING)
    .addHelpText('after', EXAMPLES)
    .action(async (options: TailOptions) => {
      const { tail } = await import('./tail.ts');
      shell.finish(await tail(shell, options));
    });
}
