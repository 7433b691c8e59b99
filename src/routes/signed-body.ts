import type { SignatureFault, SignatureHeaders, SignatureVerifier } from '../core/ports/auth.ts';
import { MAX_BODY_BYTES } from '../protocol/events.ts';
import type { Problem } from '../protocol/problems.ts';
import { problemResponse } from '../protocol/problems.ts';
import { BodyBudget } from './body-budget.ts';
import type { AppContext } from './context.ts';

/** How much of a body that is not wanted is still read, so that its sender gets to see the answer, in bytes. */
const MAX_DISCARDED_BYTES = 8 * MAX_BODY_BYTES;

/** How much is held at a time of requests whose signature is not checked, since their bodies are not there, in bytes. */
const MAX_UNVERIFIED_BYTES = 64 * MAX_BODY_BYTES;

/** When to try again where there was no room, in ms. */
const NO_ROOM_RETRY_MS = 1_000;

export type SignedBody = { readonly service: string; readonly webhookId: string; readonly text: string };

/** Reads the bodies of signed internal requests (Standard Webhooks, contract §5), and holds little for anybody else. */
export class SignedBodies {
  readonly #signatures: SignatureVerifier;
  readonly #budget: BodyBudget;

  constructor(signatures: SignatureVerifier, maxUnverifiedBytes = MAX_UNVERIFIED_BYTES) {
    this.#signatures = signatures;
    this.#budget = new BodyBudget(maxUnverifiedBytes);
  }

  /**
   * The body of a request, or its refusal: 401 for every fault of the signature alike, and always behind the body, so
   * that not even the time of the answer tells which service names there are.
   */
  async read(c: AppContext): Promise<SignedBody | Response> {
    const headers = signatureHeadersOf(c);
    const fault = this.#signatures.formFaultOf(headers);
    const body = fault === null ? await this.#held(c) : await bodyOf(c, { keep: false });
    if (typeof body !== 'string') return refusal(body);
    return fault === null ? this.#judge(c, headers, body) : unauthorized(c, fault);
  }

  async #held(c: AppContext): Promise<string | Unread> {
    const room = this.#budget.take(announcedBytes(c) ?? MAX_BODY_BYTES);
    const noRoom = room.gone.then(() => NO_ROOM);
    return await Promise.race([bodyOf(c, { keep: true }), noRoom]).finally(() => room.release());
  }

  #judge(c: AppContext, headers: SignatureHeaders, text: string): SignedBody | Response {
    const { id, service } = headers;
    const { pathname, search } = new URL(c.req.url);
    const content = text === '' ? `${pathname}${search}` : text;
    const fault = this.#signatures.faultOf({ ...headers, content });
    if (fault !== null || id === undefined || service === undefined)
      return unauthorized(c, fault ?? 'missing');
    return { service, webhookId: id, text };
  }
}

const signatureHeadersOf = (c: AppContext): SignatureHeaders => ({
  id: c.req.header('webhook-id'),
  service: c.req.header('x-service-name'),
  timestamp: c.req.header('webhook-timestamp'),
  signature: c.req.header('webhook-signature'),
});

/** Null where the request does not say, or announces more than there may be. */
function announcedBytes(c: AppContext): number | null {
  if (c.req.header('transfer-encoding') !== undefined) return null;
  const announced = Number(c.req.header('content-length') ?? 0);
  return announced <= MAX_BODY_BYTES ? announced : null;
}

/** The body as text, which is empty where it is not to be kept. */
async function bodyOf(c: AppContext, options: { keep: boolean }): Promise<string | Unread> {
  try {
    if (options.keep && announcedBytes(c) !== null) return await c.req.text();
    return await partsOf(c, options);
  } catch {
    return MISSING;
  }
}

async function partsOf(c: AppContext, { keep }: { keep: boolean }): Promise<string | Unread> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // By its reader: leaving a loop over the stream would cancel it, and the connection with it.
  const reader = c.req.raw.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.length;
    if (size > MAX_DISCARDED_BYTES) return TOO_LARGE;
    if (keep && size <= MAX_BODY_BYTES) chunks.push(part.value);
  }
  return size > MAX_BODY_BYTES ? TOO_LARGE : await new Blob(chunks).text();
}

/** Why there is no body. */
type Unread = Problem;

const TOO_LARGE: Unread = { code: 'too-large', detail: `the body is larger than ${MAX_BODY_BYTES} bytes` };

const NO_ROOM: Unread = {
  code: 'overloaded',
  detail: 'too many requests were on their way, and this one had been for longest; send it again',
  retryAfterMs: NO_ROOM_RETRY_MS,
};

/** Its sender has gone, or was cut for being late: nobody reads this. */
const MISSING: Unread = { code: 'bad-request', detail: 'the body did not arrive' };

// The connection may hold the rest of the body, which nobody could tell from the next request.
const refusal = (problem: Unread): Response =>
  problemResponse({ ...problem, headers: { connection: 'close' } });

function unauthorized(c: AppContext, fault: SignatureFault): Response {
  c.set('refusedFor', `webhook signature: ${fault}`);
  return problemResponse({ code: 'unauthorized', detail: 'the signature of this request was not accepted' });
}
