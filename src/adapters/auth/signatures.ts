import { randomBytes } from 'node:crypto';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type { SignatureHeaders, SignatureVerifier } from '../../core/ports/auth.ts';
import { show } from '../../protocol/ids.ts';

/** A key of a service; one name may stand twice, while keys rotate. `secret` is `whsec_` and base64. */
export type ServiceKey = { readonly name: string; readonly secret: string };

const MAX_SIGNATURES = 16;
const MAX_SIGNATURE_LENGTH = 4 * 1024;

const ID = /^[\x21-\x7e]{1,256}$/;
// Ten digits are the years 2001 to 2286. The library would read `1795400000abc` as a number and check that instead.
const TIMESTAMP = /^\d{10}$/;

/** The base64 of 32 bytes: no other can be right. */
const SIGNATURE = /^v1,[A-Za-z0-9+/]{43}=$/;

// `{id}.{timestamp}.{content}` must have one reading only, or a request once signed could be sent again as another, cut
// elsewhere. Of two readings the longer id begins with `<shorter id>.<timestamp>`, followed by a dot or its end, and
// a timestamp is ten digits. So ids without such a part cannot be read twice, and other dots in them do no harm.
const TIMESTAMP_IN_ID = /\.\d{10}(?:\.|$)/;

/**
 * A verifier of internal requests (Standard Webhooks 1.0, `v1` symmetric signatures; contract §5). Timestamps may be
 * 5 minutes off the wall clock. Throws an Error that names the service where its secret is not a usable one.
 */
export function createSignatureVerifier(options: {
  readonly keys: readonly ServiceKey[];
}): SignatureVerifier {
  const webhooks = new Map<string, readonly Webhook[]>();
  for (const key of options.keys) {
    webhooks.set(key.name, [...(webhooks.get(key.name) ?? []), webhookOf(key)]);
  }
  // An unknown service costs what a known one does, so that the time taken does not tell which names there are.
  const nobody = [new Webhook(randomBytes(32), { format: 'raw' })];
  return {
    couldBeSigned: (headers) => headersOf(headers) !== null,
    verify: (request) => {
      const headers = headersOf(request);
      if (headers === null) return false;
      const candidates = webhooks.get(request.service ?? '') ?? nobody;
      return candidates.some((webhook) => matches(webhook, request.content, headers));
    },
  };
}

function webhookOf({ name, secret }: ServiceKey): Webhook {
  const wanted = `key of service ${show(name)}: wanted whsec_ followed by base64`;
  if (!secret.startsWith('whsec_')) throw new Error(wanted);
  try {
    return new Webhook(secret);
  } catch {
    // No cause: what a decoder says about a secret does not belong in a log.
    throw new Error(wanted);
  }
}

/** The headers as the library takes them, or null where one is missing or not of the form it must have. */
function headersOf({ id, timestamp, signature }: SignatureHeaders): Record<string, string> | null {
  if (id === undefined || !ID.test(id) || TIMESTAMP_IN_ID.test(id)) return null;
  if (timestamp === undefined || !TIMESTAMP.test(timestamp)) return null;
  if (signature === undefined || signature.length > MAX_SIGNATURE_LENGTH) return null;
  const signatures = signature.split(' ');
  if (signatures.length > MAX_SIGNATURES || !signatures.some((one) => SIGNATURE.test(one))) return null;
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

function matches(webhook: Webhook, content: string, headers: Record<string, string>): boolean {
  try {
    webhook.verify(content, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}
