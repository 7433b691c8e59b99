import type { Random } from '../../src/core/ports/random.ts';

/** Chance that is the same for the same seed (mulberry32). */
export function seededRandom(seed = 1): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const word = (): string =>
    Math.floor(fraction() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return { fraction, id: () => word() + word() + word() };
}
