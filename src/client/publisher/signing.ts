const PREFIX = 'whsec_';

/** Signs one attempt; gives the value of `webhook-signature`. */
export type Sign = (id: string, seconds: number, body: string) => Promise<string>;

/**
 * A signer by Standard Webhooks 1.0 (`v1`, HMAC-SHA256 of `{id}.{timestamp}.{body}`), with WebCrypto alone.
 * @param key `whsec_` followed by base64
 * @throws TypeError where it is of another form; the error does not repeat it
 */
export function createSigner(key: string): Sign {
  const secret = bytesOf(key);
  const utf8 = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  let imported: Promise<CryptoKey> | null = null;
  return async (id, seconds, body) => {
    imported ??= crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']);
    const content = utf8.encode(`${id}.${seconds}.${body}`);
    const signature = new Uint8Array(await crypto.subtle.sign('HMAC', await imported, content));
    return `v1,${btoa(String.fromCharCode(...signature))}`;
  };
}

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  const wanted = new TypeError(`key: wanted ${PREFIX} followed by base64`);
  if (!key.startsWith(PREFIX) || key.length === PREFIX.length) throw wanted;
  try {
    return Uint8Array.from(atob(key.slice(PREFIX.length)), (character) => character.charCodeAt(0));
  } catch {
    throw wanted;
  }
}
