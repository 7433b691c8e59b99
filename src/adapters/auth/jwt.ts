import { webcrypto } from 'node:crypto';
import type { CryptoKey, FetchImplementation, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { TokenResult, TokenVerifier } from '../../core/ports/auth.ts';
import { isUserId, USER_ID_WANTED } from '../../protocol/ids.ts';

/** Longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 8 * 1024;

const SECRET_ALGORITHMS = ['HS256'];
const KEY_SET_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];

/** How long the key set's server may take, in ms: what an upgrade can wait without the client giving up. */
const KEY_SET_TIMEOUT_MS = 2_000;
/** How old the key set may grow, in ms; a key that was taken out of it is trusted no longer than this. */
const KEY_SET_MAX_AGE_MS = 600_000;
/** An unknown key id fetches the set again, but not sooner than this after the last time, in ms. */
const KEY_SET_COOLDOWN_MS = 5_000;
/** Least time between two requests for the key set, failed ones included, in ms. */
const KEY_SET_PAUSE_MS = 1_000;

/** The last moment a Date can hold, in ms: keeps a boundless `exp` usable as a time. */
const END_OF_TIME_MS = 8.64e15;

export type TokenVerifierOptions = {
  /** HS256 secret. */
  readonly secret: string | null;
  /** Where the key set (RFC 7517) for RS256, ES256 and EdDSA is. */
  readonly jwksUrl: string | null;
  /** Where set, `iss` must be this, and `aud` this or a list with it. */
  readonly issuer: string | null;
  readonly audience: string | null;
  /** Wall-clock time in ms since 1970. */
  readonly now: () => number;
};

/**
 * A verifier of client tokens (JWT, RFC 7519; contract §3). The algorithm decides the kind of key: HS256 is only ever
 * checked with the secret, the others only with the key set, so that no public key can serve as a secret (RFC 8725 §3.1).
 * Throws an Error where there is neither a secret nor a key set, or where the URL of the key set is none.
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { secret, jwksUrl, now } = options;
  if (!secret && !jwksUrl) throw new Error('tokens: got neither a secret nor a key set, wanted one of them');
  const keySet = jwksUrl ? createKeySet(jwksUrl, now) : null;
  const secretKey = secret ? importSecret(secret) : null;
  const keyFor: JWTVerifyGetKey = (header, token) => {
    const key = SECRET_ALGORITHMS.includes(header.alg) ? secretKey : keySet?.(header, token);
    if (!key) throw new errors.JOSEAlgNotAllowed();
    return key;
  };
  const checks: JWTVerifyOptions = {
    algorithms: [...(secretKey ? SECRET_ALGORITHMS : []), ...(keySet ? KEY_SET_ALGORITHMS : [])],
    issuer: options.issuer ?? undefined,
    audience: options.audience ?? undefined,
  };
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) return invalid(`token longer than ${MAX_TOKEN_LENGTH} characters`);
    try {
      return resultOf(await verifiedClaims(token, keyFor, { ...checks, currentDate: new Date(now()) }));
    } catch (error) {
      return refusalOf(error);
    }
  };
}

/** Once: jose would otherwise do it again for every token. */
const importSecret = (secret: string): Promise<CryptoKey> =>
  webcrypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['verify'],
  );

function createKeySet(jwksUrl: string, now: () => number): JWTVerifyGetKey {
  if (!/^https?:/i.test(jwksUrl) || !URL.canParse(jwksUrl)) {
    throw new Error('key set for tokens: got something else, wanted an http or https URL');
  }
  return createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: KEY_SET_TIMEOUT_MS,
    cooldownDuration: KEY_SET_COOLDOWN_MS,
    cacheMaxAge: KEY_SET_MAX_AGE_MS,
    [customFetch]: pacedFetch(now),
  });
}

/**
 * jose's cooldown counts from the last success. While the key set cannot be had, every token that anybody sends would
 * ask for it again; this keeps strangers from wearing down an identity provider that is already in trouble.
 */
function pacedFetch(now: () => number): FetchImplementation {
  let lastAt = Number.NEGATIVE_INFINITY;
  return async (url, init) => {
    // The distance, not the difference: a wall clock that was set back must not stop the fetching for hours.
    if (Math.abs(now() - lastAt) < KEY_SET_PAUSE_MS) throw new Error('the key set was just asked for');
    lastAt = now();
    return await fetch(url, init);
  };
}

/** The claims, once some key that fits the header verifies the signature. */
async function verifiedClaims(
  token: string,
  keyFor: JWTVerifyGetKey,
  checks: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keyFor, checks)).payload;
  } catch (error) {
    // A token need not name its key, and while keys rotate several of a set fit.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, checks)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function resultOf({ sub, exp }: JWTPayload): TokenResult {
  if (sub === undefined) return invalid('sub missing');
  // The types promise a string, but nobody checked what the issuer put there.
  if (typeof sub !== 'string' || !isUserId(sub)) return invalid(`sub not accepted, wanted ${USER_ID_WANTED}`);
  const expiresAt = exp === undefined ? null : Math.min(exp * 1000, END_OF_TIME_MS);
  return { kind: 'valid', userId: sub, expiresAt };
}

/** What the client hears of an error. Texts are ours: jose's may repeat what the token holds. */
function refusalOf(error: unknown): TokenResult {
  if (error instanceof errors.JWTExpired) return invalid('token expired');
  if (error instanceof errors.JWTClaimValidationFailed) return invalid(claimDetail(error));
  if (error instanceof errors.JWSSignatureVerificationFailed) return invalid('signature wrong');
  if (error instanceof errors.JWKSNoMatchingKey) return invalid('signature of an unknown key');
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('algorithm not accepted');
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return invalid('token malformed');
  if (error instanceof errors.JOSENotSupported)
    return invalid('token uses an extension that is not supported');
  return { kind: 'unavailable', detail: keySetDetail(error) };
}

/** What is left has nothing to do with the token. No text of the error itself: it may tell where the key set is. */
function keySetDetail(error: unknown): string {
  if (error instanceof errors.JWKSTimeout) return 'the key set did not answer in time';
  if (error instanceof errors.JOSEError) return 'the key set gave an answer that cannot be used';
  return 'the key set cannot be reached, or its key cannot be used';
}

const CLAIM_REFUSED: Readonly<Record<string, string>> = {
  iss: 'issuer not accepted',
  aud: 'audience not accepted',
  nbf: 'token not valid yet',
};

function claimDetail({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `${claim} missing`;
  if (reason === 'invalid') return `${claim} not a number`;
  return CLAIM_REFUSED[claim] ?? 'claims not accepted';
}

function invalid(detail: string): TokenResult {
  return { kind: 'invalid', detail };
}
