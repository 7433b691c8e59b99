/** What the shell gets to know of a run; `--help` lists them. */
export const EXIT = { fine: 0, failed: 1, wrongUsage: 2, interrupted: 130, terminated: 143 } as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** What was asked for cannot be: the message says what was got, what was wanted, and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for did not work: the message says why, and what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
}
