/** When to ask for what the server shed. */
export type Recovery = {
  /** When the first was shed that was not asked for yet; null where there is none. */
  readonly firstAt: number | null;
  readonly lastAt: number;
  /** Recoveries in a row that were followed by more of it. */
  readonly rounds: number;
  readonly askedAt: number;
};

/** What was shed longer ago may leave the server's window at any time. */
const LONGEST_WAIT_MS = 10_000;
/** Who got through for so long has caught up. */
const CALM_MS = 60_000;

export const NO_RECOVERY: Recovery = {
  firstAt: null,
  lastAt: 0,
  rounds: 0,
  askedAt: Number.NEGATIVE_INFINITY,
};

/** Events were shed that can be had again. */
export function shed(recovery: Recovery, now: number): Recovery {
  const isNewRound = recovery.firstAt === null;
  const isCalm = now - recovery.askedAt > CALM_MS;
  const rounds = isNewRound && !isCalm ? recovery.rounds + 1 : isCalm ? 0 : recovery.rounds;
  return { ...recovery, firstAt: recovery.firstAt ?? now, lastAt: now, rounds };
}

/** They were asked for, once: what does not come then is gone. */
export const recoveryAsked = (recovery: Recovery, now: number): Recovery => ({
  ...recovery,
  firstAt: null,
  askedAt: now,
});

/**
 * When to ask, by the same clock: once no more was shed for a while, so that what made the server shed is over; the while
 * doubles as long as it goes on. 10 seconds after the first at the latest. null where there is nothing to ask for.
 * @param quietMs the shortest while
 * @param chance from 0 to 1: clients that were shed together do not ask together
 */
export function recoveryDueAt(
  { firstAt, lastAt, rounds }: Recovery,
  quietMs: number,
  chance: number,
): number | null {
  if (firstAt === null) return null;
  const whileMs = Math.min(LONGEST_WAIT_MS, quietMs * 2 ** rounds) * (0.5 + chance / 2);
  return Math.min(lastAt + whileMs, firstAt + LONGEST_WAIT_MS);
}
