import type { Metrics } from '../../src/core/ports/metrics.ts';

const nothing = (): void => {};

/** For whoever is tested without being counted. */
export const noMetrics: Metrics = {
  connectionOpened: nothing,
  connectionClosed: nothing,
  upgradeRefused: nothing,
  heartbeatMissed: nothing,
  tokenExpired: nothing,
  drainHinted: nothing,
  delivered: nothing,
  deliveredAfter: nothing,
  dropped: nothing,
  heldUp: nothing,
  leased: nothing,
  leaseFailed: nothing,
  replayed: nothing,
  caughtUp: nothing,
  replayGivenUp: nothing,
  interrupted: nothing,
  published: nothing,
  publishAnswered: nothing,
  publishTook: nothing,
  engineProbed: nothing,
  engineProbeFailed: nothing,
};
