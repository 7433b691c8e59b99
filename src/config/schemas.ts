import * as v from 'valibot';
import { ID_WANTED, isId } from '../protocol/ids.ts';
import { isAddressRange, isHost } from './addresses.ts';
import type { InstanceDefaults, ServiceKey } from './types.ts';
import { isKeySetUrl, isRedisUrl, toOrigin } from './urls.ts';

/** Turns the text of one variable into its value; the message of its issues says what it takes. */
export type TextSchema<T> = v.GenericSchema<string, T>;

const DURATION = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m)?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const SHORTEST_MS = 10;
const LONGEST_MS = 24 * 3_600_000;
const DURATION_WANTED =
  'a duration from 10 ms to 24 hours, such as 500ms, 30s or 5m (a bare number is seconds)';
const MOST = 1_000_000;
const LONGEST_ID = 128;

const trimmed = v.pipe(v.string(), v.trim());

const accepted = (accepts: (text: string) => boolean, wanted: string): TextSchema<string> =>
  v.pipe(trimmed, v.check(accepts, wanted));

function wholeNumber(from: number, to: number, wanted: string): TextSchema<number> {
  return v.pipe(
    trimmed,
    v.regex(/^\d+$/, wanted),
    v.transform(Number),
    v.minValue(from, wanted),
    v.maxValue(to, wanted),
  );
}

/** Every entry is checked by itself, so that a fault can name the entry; an empty one is a fault. */
const listOf = <T>(entry: TextSchema<T>): TextSchema<T[]> =>
  v.pipe(
    v.string(),
    v.transform((text) => text.split(',')),
    v.array(entry),
  );

/** Milliseconds, whole. */
export const duration: TextSchema<number> = v.pipe(
  trimmed,
  v.regex(DURATION, DURATION_WANTED),
  v.transform(toMilliseconds),
  v.minValue(SHORTEST_MS, DURATION_WANTED),
  v.maxValue(LONGEST_MS, DURATION_WANTED),
);

function toMilliseconds(text: string): number {
  const [, amount, unit = 's'] = DURATION.exec(text) ?? [];
  return Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
}

export const count = wholeNumber(1, MOST, `a whole number from 1 to ${MOST}`);
export const limit = wholeNumber(0, MOST, `a whole number from 1 to ${MOST}, or 0 for unlimited`);
export const port = wholeNumber(0, 65_535, 'a port from 0 to 65535 (0 picks a free one)');

export const host = accepted(isHost, 'a host name or an IP address, without scheme, port or brackets');
export const instanceId = accepted(isId, ID_WANTED);

/** Host name and suffix; what an id cannot hold becomes `-`, and a long host name gives way to the suffix. */
export function makeInstanceId({ hostname, randomSuffix }: InstanceDefaults): string {
  const roomForHost = LONGEST_ID - randomSuffix.length - 1;
  return `${hostname.replace(/[^A-Za-z0-9_.:-]/g, '-').slice(0, roomForHost)}-${randomSuffix}`;
}

export const trustedProxies = listOf(
  accepted(
    isAddressRange,
    'IPv4 or IPv6 addresses or CIDR ranges, comma-separated, such as 10.0.0.0/8,fd00::1',
  ),
);

export const redisUrls = listOf(
  accepted(
    isRedisUrl,
    'redis:// or rediss:// with a host, several comma-separated (in a password: a comma as %2C)',
  ),
);
export const keySetUrl = accepted(isKeySetUrl, 'an http:// or https:// address without credentials');
export const allowedOrigins = listOf(
  v.pipe(
    trimmed,
    v.transform(toOrigin),
    v.string('origins, comma-separated, each scheme://host[:port] without a path; unset for any'),
  ),
);

/** Taken as it is, spaces included. */
export const verbatim: TextSchema<string> = v.string();
export const freeText: TextSchema<string> = trimmed;

const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const logLevel = v.pipe(trimmed, v.picklist(LOG_LEVELS, `one of ${LOG_LEVELS.join(', ')}`));

const BASE64 = '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?';
const SERVICE_KEY = new RegExp(`^([A-Za-z0-9_.-]{1,128}):whsec_(${BASE64})$`);
const SERVICE_KEY_WANTED =
  'name:whsec_<base64>, comma-separated: a name of 1 to 128 of A-Z a-z 0-9 _ . -, a padded base64 key of 16 to 64 bytes ' +
  '(Standard Webhooks asks for 24 to 64)';

export const serviceKeys = listOf(
  v.pipe(
    trimmed,
    v.check((text) => hasGoodSize(SERVICE_KEY.exec(text)?.[2]), SERVICE_KEY_WANTED),
    v.transform(toServiceKey),
  ),
);

function hasGoodSize(base64: string | undefined): boolean {
  if (base64 === undefined) return false;
  const bytes = (base64.replace(/=+$/, '').length * 3) >> 2;
  return bytes >= 16 && bytes <= 64;
}

function toServiceKey(text: string): ServiceKey {
  const colon = text.indexOf(':');
  return { name: text.slice(0, colon), secret: text.slice(colon + 1) };
}
