/** Chance as the core sees it, so that tests can repeat it. */
export type Random = {
  /** A new opaque name, at least 96 bits of chance, of A-Z a-z 0-9 and `-`. */
  id(): string;
  /** From 0 up to, not including, 1. */
  fraction(): number;
};
