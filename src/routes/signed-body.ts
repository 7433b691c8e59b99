import type { SignatureVerifier } from '../core/ports/auth.ts';
import { MAX_BODY_BYTES } from '../protocol/events.ts';
import { problemResponse } from '../protocol/problems.ts';
import type { AppContext } from './context.ts';

/** How much of a body that is too large is still read, so that its sender gets to see the answer, in bytes. */
const MAX_DISCARDED_BYTES = 8 * MAX_BODY_BYTES;

export type SignedBody = { readonly service: string; readonly webhookId: string; readonly text: string };

/** The body of a signed internal request (Standard Webhooks, contract §5); 401 for every fault of the signature alike. */
export async function signedBody(
  c: AppContext,
  signatures: SignatureVerifier,
): Promise<SignedBody | Response> {
  const text = await limitedText(c);
  if (text === null) return tooLarge();
  const id = c.req.header('webhook-id');
  const service = c.req.header('x-service-name');
  const { pathname, search } = new URL(c.req.url);
  const isSigned = signatures.verify({
    id,
    service,
    timestamp: c.req.header('webhook-timestamp'),
    signature: c.req.header('webhook-signature'),
    content: text === '' ? `${pathname}${search}` : text,
  });
  if (!isSigned || id === undefined || service === undefined) {
    return problemResponse({
      code: 'unauthorized',
      detail: 'the signature of this request was not accepted',
    });
  }
  return { service, webhookId: id, text };
}

/** The body as text, or null for one that is larger than the limit. */
async function limitedText(c: AppContext): Promise<string | null> {
  const isMeasured = c.req.header('transfer-encoding') === undefined;
  const announced = Number(c.req.header('content-length') ?? 0);
  if (isMeasured && announced <= MAX_BODY_BYTES) return await c.req.text();
  const chunks: Uint8Array[] = [];
  let size = 0;
  // By its reader: leaving a loop over the stream would cancel it, and the connection with it.
  const reader = c.req.raw.body?.getReader();
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    size += part.value.length;
    if (size > MAX_DISCARDED_BYTES) return null;
    if (size <= MAX_BODY_BYTES) chunks.push(part.value);
  }
  return size > MAX_BODY_BYTES ? null : await new Blob(chunks).text();
}

// The connection may hold the rest of the body, which nobody could tell from the next request.
const tooLarge = (): Response =>
  problemResponse({
    code: 'too-large',
    detail: `the body is larger than ${MAX_BODY_BYTES} bytes`,
    headers: { connection: 'close' },
  });
