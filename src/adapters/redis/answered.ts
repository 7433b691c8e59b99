import { ReplyError } from 'ioredis';
import { EngineUnavailable } from '../../core/ports/engine.ts';

/** Waits for an answer of Redis; whatever keeps it from answering is `EngineUnavailable` to the core. */
export async function answered<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof EngineUnavailable) throw error;
    const what = error instanceof ReplyError ? 'refused' : 'did not answer';
    throw new EngineUnavailable(`Redis ${what}: ${reasonOf(error)}`, { cause: error });
  }
}

/** What the client library says in words of its own options and parts; a log is for who runs Redis. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/^Reached the max retries per request limit.*/, 'the link broke before the answer came'],
  [/^Stream isn't writeable and .*/, 'the link is down'],
  [/^Cluster isn't ready and .*/, 'no link to the cluster is up'],
  [/^Connection is closed\.$/, 'the link was closed'],
  [/^(?:Node is disconnected|Cluster is disconnect(?:ed|ing)\.)$/, 'the link is down'],
  [/^None of startup nodes is available$/, 'no node of the cluster can be reached'],
  [/^Failed to refresh slots cache\.$/, 'no node of the cluster said which of them has what:'],
  [
    /^Too many Cluster redirections\. Last error: /,
    'the nodes of the cluster do not agree which of them has it: ',
  ],
  [/^Command timed out$/, 'nothing came in time'],
  [/^Socket timeout\. .* in (\d+)ms\.$/, 'nothing came for $1 ms, so the link was given up'],
];

/**
 * What an error says, in plain words. Where a host has several addresses and none answers, it has a code and no message;
 * where no node of a cluster does, the reason is with the last of them.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = error.message || (error as NodeJS.ErrnoException).code || error.name;
  const words = PLAIN.find(([pattern]) => pattern.test(said));
  const plain = words === undefined ? said : said.replace(...words);
  const { lastNodeError } = error as { lastNodeError?: unknown };
  return lastNodeError instanceof Error ? `${plain} ${reasonOf(lastNodeError)}` : plain;
}
