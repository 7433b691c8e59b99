/** Tokens that deliveries are paid with; one is one message. */
export type Allowance = {
  /** Takes so many if all are there; else none. */
  take(count: number): boolean;
  /** Takes so many whether they are there or not: critical events wait for nothing (G7). */
  force(count: number): void;
};

/** Without a limit. */
export const UNLIMITED: Allowance = { take: () => true, force: () => {} };
