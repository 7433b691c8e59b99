import { randomUUID } from 'node:crypto';
import { signRequest } from '../adapters/auth/signatures.ts';
import type { AgentReport } from './agents.ts';
import { problemText } from './problem-text.ts';
import { SERVICE } from './secrets.ts';

const PUBLISH_PATH = '/api/v1/internal/ws/publish';
const TIMEOUT_MS = 5_000;

/** Where an agent publishes, for whom, and what it signs with. */
export type WorkerOptions = {
  /** `http://host:port` */
  readonly address: string;
  readonly userId: string;
  readonly serviceKey: string;
};

type SignedRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/**
 * Publishes one report over the signed route (contract §5), as any worker would; gives its sequence id, null for an
 * ephemeral one. Throws an Error with the server's own words where it is refused.
 */
export async function publish(report: AgentReport, options: WorkerOptions): Promise<number | null> {
  const { url, headers, body } = signed(report, options);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  const text = await response.text();
  if (response.status !== 202) throw new Error(problemText(response.status, text));
  return (JSON.parse(text) as { sequence_id: number | null }).sequence_id;
}

/** The same as a shell command. It is good for 5 minutes, as its signature is; sent again it is a duplicate. */
export function publishCommand(report: AgentReport, options: WorkerOptions): string {
  const { url, headers, body } = signed(report, options);
  const words = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return ['curl -i', quoted(url), ...words, '-d', quoted(body)].join(' ');
}

function signed(report: AgentReport, { address, userId, serviceKey }: WorkerOptions): SignedRequest {
  const id = randomUUID();
  const timestamp = new Date();
  const body = JSON.stringify({ user_id: userId, ...report });
  return {
    url: `${address}${PUBLISH_PATH}`,
    headers: {
      'content-type': 'application/json',
      'x-service-name': SERVICE,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
      'webhook-signature': signRequest({ id, timestamp, content: body, secret: serviceKey }),
    },
    body,
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
