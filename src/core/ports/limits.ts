export type LeaseRequest = {
  /** Names the limit: who gives the same name shares one bucket. */
  readonly limit: string;
  /** What its bucket gets, in tokens a second; the same from every instance. */
  readonly rate: number;
  /** Tokens asked for; parts of one count. */
  readonly wanted: number;
  /** Tokens of earlier leases that were not used. */
  readonly returned: number;
};

export type Lease = {
  /** At most what was wanted. */
  readonly granted: number;
  /** Instances that asked within `INSTANCE_COUNTED_MS`, this one included. */
  readonly instances: number;
};

/**
 * Rates over the whole cluster: a token bucket each, from which instances lease lots. What an instance wanted last is its
 * wish: new tokens are kept for the wishes not filled yet, the same number for each, until it asks again, and only what
 * no wish has room for is anybody's. So an instance that wants little gets all of it and the others share the rest
 * equally (max-min), however often they ask and for however much.
 */
export type Limits = {
  lease(request: LeaseRequest): Promise<Lease>;
};

/** How much a bucket holds, in ms of its rate: twice what comes between two asks, so that a late one loses nothing. */
export const BUCKET_MS = 200;
/** How long tokens are kept for an instance that does not ask any more, in ms. */
export const WISH_LIFE_MS = 1_000;
/** How long an instance counts as one that shares a limit, in ms after it asked. */
export const INSTANCE_COUNTED_MS = 60_000;
