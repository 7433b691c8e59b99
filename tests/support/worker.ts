import { randomUUID } from 'node:crypto';
import { TEST_SERVICE_KEY, TEST_SERVICE_NAME } from './server-process.ts';
import { signRequest } from './sign-request.ts';

export const PUBLISH = '/api/v1/internal/ws/publish';
export const PUBLISH_BATCH = '/api/v1/internal/ws/publish/batch';

export type Fields = Record<string, unknown>;

/** The answer to a request, its body parsed. */
export type WorkerAnswer = { readonly status: number; readonly headers: Headers; readonly body: Fields };

type Answered = { readonly method: string; readonly path: string; readonly answer: WorkerAnswer };

/** What is sent instead of what a worker would send; a header that is null is left out. */
export type SendOptions = {
  /** `webhook-id` */
  id?: string;
  /** When it is signed. */
  at?: Date;
  headers?: Record<string, string | null>;
  method?: string;
};

/** An AGENT_STATUS_CHANGED event of a user, as a worker publishes it; `fields` replace its own. */
export const statusEvent = (userId: string, fields: Fields = {}): Fields => ({
  event_type: 'AGENT_STATUS_CHANGED',
  user_id: userId,
  agent_id: 'a-1',
  payload: { old_status: 'idle', new_status: 'working' },
  ...fields,
});

/** An event of a type of the platform's own, which carries a number. */
export const numberedEvent = (userId: string, n: number, fields: Fields = {}): Fields => ({
  event_type: 'NUMBERED',
  user_id: userId,
  agent_id: 'a-1',
  payload: { n },
  ...fields,
});

/** An agent worker: signs what it sends with the key of the tests (Standard Webhooks). */
export class Worker {
  readonly #url: string;
  readonly #answered: (asked: Answered) => void;

  /** `answered` is told of every answer; what it throws fails the request. */
  constructor(url: string, answered: (asked: Answered) => void = () => {}) {
    this.#url = url;
    this.#answered = answered;
  }

  publish(event: Fields, options?: SendOptions): Promise<WorkerAnswer> {
    return this.send(PUBLISH, JSON.stringify(event), options);
  }

  batch(events: readonly Fields[], options?: SendOptions): Promise<WorkerAnswer> {
    return this.send(PUBLISH_BATCH, JSON.stringify({ events }), options);
  }

  /** Publishes, and gives the answer's body. Fails unless the event was accepted. */
  async accepted(event: Fields, options?: SendOptions): Promise<Fields> {
    const { status, body } = await this.publish(event, options);
    if (status !== 202) throw new Error(`the publish got ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  /** The signature headers of a request without a body. */
  signatureOf(target: string): Record<string, string> {
    const { 'content-type': _, ...headers } = signedHeaders(target, {});
    return headers;
  }

  async send(path: string, body: string | null, options: SendOptions = {}): Promise<WorkerAnswer> {
    const { method = 'POST' } = options;
    const response = await fetch(this.#url + path, {
      method,
      headers: { ...signedHeaders(body ?? path, options), ...replacements(options) },
      body,
    });
    const { status, headers } = response;
    const answer = { status, headers, body: parsed(await response.text()) };
    this.#answered({ method, path, answer });
    return answer;
  }
}

function signedHeaders(content: string, { id = randomUUID(), at = new Date(), headers = {} }: SendOptions) {
  const all = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': signRequest({ id, timestamp: at, content, secret: TEST_SERVICE_KEY }),
    'x-service-name': TEST_SERVICE_NAME,
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => headers[name] !== null));
}

const replacements = ({ headers = {} }: SendOptions): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );

function parsed(text: string): Fields {
  try {
    return JSON.parse(text) as Fields;
  } catch {
    return { text };
  }
}
