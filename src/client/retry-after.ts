/** A longer wait is not believed; a date so far ahead is a wrong clock. */
const LONGEST_MS = 86_400_000;

/** The three forms of RFC 9110 §5.6.7, all of them GMT; the last does not say so. */
const HTTP_DATE =
  /^[A-Z][a-z]{2,8}(, \d\d[ -][A-Z][a-z]{2}[ -](\d\d){1,2} [\d:]{8} GMT| [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

/**
 * `Retry-After` in ms from now, from 0 up to a day, out of seconds or an HTTP date (RFC 9110 §10.2.3); null where there is
 * neither. A date is held against the answer's own `Date`, so that no wrong clock counts; against ours where there is none, or a
 * page may not read it.
 * @param nowMs what our clock says, in ms since 1970
 */
export function retryAfterMs(
  headers: { get(name: string): string | null },
  nowMs: number = Date.now(),
): number | null {
  const text = headers.get('retry-after') ?? '';
  const sentAt = dateIn(headers.get('date') ?? '');
  const wait = /^\d+$/.test(text) ? Number(text) * 1_000 : dateIn(text) - (sentAt || nowMs);
  return Number.isNaN(wait) ? null : Math.min(Math.max(0, wait), LONGEST_MS);
}

/** In ms since 1970; NaN where it is no date. */
const dateIn = (text: string): number =>
  HTTP_DATE.test(text) ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN;
