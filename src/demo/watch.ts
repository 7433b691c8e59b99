import process from 'node:process';
import { nodeRuntime } from '../adapters/runtime/node.ts';
import type { Message } from '../client/index.ts';
import { follow } from './follow.ts';
import { eventText } from './message-text.ts';
import { noticeText } from './notice-text.ts';

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

/** The address without its token, which then stands in no proxy's log. */
type Place = { readonly address: string; readonly token: string };

/** null for what is no address of a server with a token in it; `http:`, as a browser's address bar may have it, will do. */
function placeOf(text: string): Place | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  const token = url.searchParams.get('token') ?? '';
  url.searchParams.delete('token');
  return /^wss?:$/.test(url.protocol) && token !== '' ? { address: url.href, token } : null;
}

const say = (line: string): void => nodeRuntime.write(`${line}\n`);
const notice = (text: string): void => say(`-- ${text}`);

function heard(message: Message): void {
  const text = noticeText(message);
  if (text === undefined) say(eventText(message));
  else if (text !== null) notice(text);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    nodeRuntime.write(HELP);
    return 0;
  }
  const [given = '', ...rest] = args;
  const place = placeOf(given);
  if (place === null || rest.length > 0) {
    const got = args.length === 0 ? 'no address' : JSON.stringify(masked(args.join(' ')));
    const wanted = 'one ws:// or wss:// address with ?token=, in quotes';
    nodeRuntime.writeError(`watch: got ${got}, wanted ${wanted}\n\n${HELP}`);
    return 2;
  }
  const stopping = new AbortController();
  nodeRuntime.onStopSignal(() => stopping.abort());
  return (await follow({ ...place, heard, notice, signal: stopping.signal })) ? 0 : 1;
}

const masked = (text: string): string => text.replace(/token=[^&\s]*/g, 'token=…');

// Who read it through a pipe has seen enough.
process.stdout.on('error', () => nodeRuntime.exit(0));
process.exitCode = await main(process.argv.slice(2));
