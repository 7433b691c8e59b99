import { show } from '../protocol/ids.ts';
import { UsageError } from './exit-status.ts';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
type Unit = keyof typeof UNIT_MS;

const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;

/** Milliseconds of `90s`, `5m`, `12h`, `30d`. Throws a UsageError that names the option. */
export function durationOption(option: string, text: string): number {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (unit === undefined) {
    throw new UsageError(`${option}: got ${show(text)}, wanted a duration such as 30s, 5m, 12h or 30d`);
  }
  return Number(amount) * UNIT_MS[unit as Unit];
}

/** How long something is ago, in its two largest units: `45s`, `12m`, `3h 20m`, `5d 2h`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
