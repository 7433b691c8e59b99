import { bodyLimit } from 'hono/body-limit';
import type { SignatureVerifier } from '../core/ports/auth.ts';
import { problemResponse } from '../protocol/problems.ts';
import type { AppContext } from './context.ts';

/** Largest body of an internal request, in bytes (contract §5). */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Answers 413 before more than the limit is read. */
export const limitedBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () =>
    problemResponse({ code: 'too-large', detail: `the body is larger than ${MAX_BODY_BYTES} bytes` }),
});

export type SignedBody = { readonly service: string; readonly webhookId: string; readonly text: string };

/** The body of a signed internal request (Standard Webhooks, contract §5); 401 for every fault of the signature alike. */
export async function signedBody(
  c: AppContext,
  signatures: SignatureVerifier,
): Promise<SignedBody | Response> {
  const text = await c.req.text();
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
