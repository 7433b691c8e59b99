/**
 * What every answer carries, since browsers can be sent to any address: none of them is a page, whatever it looks like, and
 * none is to be kept, shown in a frame or named to others.
 */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

const JSON_HEADERS = { ...SAFE_HEADERS, 'content-type': 'application/json' };

/** An answer in JSON. Its headers are there from the beginning: to set them on a response costs five times as much. */
export const jsonResponse = (value: unknown, status = 200): Response =>
  new Response(JSON.stringify(value), { status, headers: JSON_HEADERS });
