const PREFIX = 'whsec_';
const SERVICE = /^[\w.-]{1,128}$/;

/**
 * Signs one attempt, now: a signature is good for five minutes. Gives the headers that say so.
 * @param id the same id again publishes nothing twice
 * @param content the body; the request target where there is none (contract §5)
 */
export type Sign = (id: string, content: string) => Promise<Record<string, string>>;

/**
 * A signer by Standard Webhooks 1.0 (`v1`, HMAC-SHA256 of `{id}.{timestamp}.{content}`), with WebCrypto alone.
 * @param key `whsec_` followed by base64
 * @throws TypeError where it is of another form, or the name is none; the error repeats neither
 */
export function createSigner({ service, key }: { readonly service: string; readonly key: string }): Sign {
  if (typeof service !== 'string' || !SERVICE.test(service))
    throw new TypeError('service: wanted 1 to 128 of A-Z a-z 0-9 _ . -');
  const secret = bytesOf(key);
  const utf8 = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  let imported: Promise<CryptoKey> | null = null;
  return async (id, content) => {
    imported ??= crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']);
    const seconds = Math.floor(Date.now() / 1_000);
    const bytes = utf8.encode(`${id}.${seconds}.${content}`);
    const signature = new Uint8Array(await crypto.subtle.sign('HMAC', await imported, bytes));
    return {
      'x-service-name': service,
      'webhook-id': id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${btoa(String.fromCharCode(...signature))}`,
    };
  };
}

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  const wanted = new TypeError(`key: wanted ${PREFIX} followed by base64`);
  // Of an environment without the variable, it is undefined.
  if (typeof key !== 'string' || !key.startsWith(PREFIX)) throw wanted;
  const text = binaryOf(key.slice(PREFIX.length));
  if (text === null || text === '') throw wanted;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function binaryOf(base64: string): string | null {
  try {
    return atob(base64);
  } catch {
    return null;
  }
}
