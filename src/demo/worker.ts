import { randomUUID } from 'node:crypto';
import { createSigner } from '../client/publisher/signing.ts';
import type { AgentReport } from './agents.ts';
import { SERVICE } from './secrets.ts';

/** Where an agent publishes, for whom, and what it signs with. */
export type WorkerOptions = {
  /** `http://host:port` */
  readonly address: string;
  readonly userId: string;
  readonly serviceKey: string;
};

/**
 * A shell command that publishes one report, as a worker in any language would. It is good for 5 minutes, as its signature is;
 * sent again it is a duplicate.
 */
export async function publishCommand(report: AgentReport, options: WorkerOptions): Promise<string> {
  const { address, userId, serviceKey } = options;
  const body = JSON.stringify({ user_id: userId, ...report });
  const signature = await createSigner({ service: SERVICE, key: serviceKey })(randomUUID(), body);
  const headers = { 'content-type': 'application/json', ...signature };
  const words = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return ['curl -i', quoted(`${address}/api/v1/internal/ws/publish`), ...words, '-d', quoted(body)].join(' ');
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
