import { randomBytes } from 'node:crypto';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import type {
  SignatureFault,
  SignatureHeaders,
  SignatureVerifier,
  SignedRequest,
} from '../../core/ports/auth.ts';
import { show } from '../../protocol/ids.ts';

/** A key of a service; one name may stand twice, while keys rotate. `secret` is `whsec_` and base64. */
export type ServiceKey = { readonly name: string; readonly secret: string };

const MAX_SIGNATURES = 16;
/** What the library takes. */
const TOLERANCE_SECONDS = 5 * 60;

type Headers = Readonly<Record<string, string>>;
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
    formFaultOf: (headers) => {
      const checked = headersOf(headers);
      return typeof checked === 'string' ? checked : null;
    },
    faultOf: (request) => {
      const headers = headersOf(request);
      if (typeof headers === 'string') return headers;
      const known = webhooks.get(request.service ?? '');
      const isValid = (known ?? nobody).some((webhook) => matches(webhook, request.content, headers));
      if (isValid) return null;
      if (known === undefined) return request.service === undefined ? 'missing' : 'unknown_service';
      return isStale(request) ? 'stale' : 'wrong';
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

/** Whether a timestamp, which is of the right form, is too far from now; the library has refused it then. */
const isStale = ({ timestamp }: SignedRequest): boolean =>
  Math.abs(Math.floor(Date.now() / 1000) - Number(timestamp)) > TOLERANCE_SECONDS;

/** The headers as the library takes them, or why it cannot be asked. */
function headersOf({ id, timestamp, signature }: SignatureHeaders): Headers | SignatureFault {
  if (id === undefined || timestamp === undefined || signature === undefined) return 'missing';
  if (!ID.test(id) || TIMESTAMP_IN_ID.test(id) || !TIMESTAMP.test(timestamp)) return 'malformed';
  if (signature.length > MAX_SIGNATURE_LENGTH) return 'malformed';
  const signatures = signature.split(' ');
  if (signatures.length > MAX_SIGNATURES || !signatures.some((one) => SIGNATURE.test(one)))
    return 'malformed';
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

function matches(webhook: Webhook, content: string, headers: Headers): boolean {
  try {
    webhook.verify(content, headers, { jsonParse: false });
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}
