import type { Metrics } from '../../src/core/ports/metrics.ts';

/** For whoever is tested without being counted. */
export const noMetrics: Metrics = {
  connectionOpened: () => {},
  connectionClosed: () => {},
  upgradeRefused: () => {},
  delivered: () => {},
  dropped: () => {},
  replayed: () => {},
  repaired: () => {},
  heartbeatMissed: () => {},
  tokenExpired: () => {},
  published: () => {},
  publishAnswered: () => {},
  engineProbed: () => {},
  engineProbeFailed: () => {},
};
