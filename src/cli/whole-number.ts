import { show } from '../protocol/ids.ts';
import { UsageError } from './exit-status.ts';

/** Reads an option's value. Throws a UsageError where it is no whole number from `least` on, of 15 digits at most. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return value;
  throw new UsageError(`${option}: got ${show(text)}, wanted a whole number from ${least} on`);
}
