import process from 'node:process';
import { nodeRuntime } from '../adapters/runtime/node.ts';
import { Watcher } from './watcher.ts';

const HELP = `Shows the events of a user as they arrive, one line each, until Ctrl-C.

  npm run watch -- "ws://127.0.0.1:8080/ws/agents?token=<JWT>"

npm run demo prints this line with a token that is ready to use. Further parameters narrow what is shown:

  &agent_ids=coder,tester            only these agents
  &project_ids=checkout-service      only these projects
  &event_types=AGENT_STATUS_CHANGED  only these types
  &last_sequence_id=latest           no replay, only what is new

A line is: time, number in the stream, agent, what happened. Progress has no number (·): it is live only and never
replayed. Lines with -- tell of the connection: replays, gaps, cuts. After a cut it connects again and goes on from
the last number it saw.
`;

/** `ws:`, as a browser's address bar may have it; null for what is no address of a server. */
function addressOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  url.hash = '';
  return /^wss?:$/.test(url.protocol) ? url.href : null;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    nodeRuntime.write(HELP);
    return 0;
  }
  const [given = '', ...rest] = args;
  const address = addressOf(given);
  if (address === null || rest.length > 0) {
    const got = args.length === 0 ? 'no address' : JSON.stringify(args.join(' '));
    nodeRuntime.writeError(`watch: got ${got}, wanted one ws:// or wss:// address, in quotes\n\n${HELP}`);
    return 2;
  }
  const watcher = new Watcher({ address, say: (line) => nodeRuntime.write(`${line}\n`) });
  nodeRuntime.onStopSignal(() => watcher.stop());
  return await watcher.run();
}

// Who read it through a pipe has seen enough.
process.stdout.on('error', () => nodeRuntime.exit(0));
process.exitCode = await main(process.argv.slice(2));
