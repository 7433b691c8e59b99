/** Upper ends of the buckets of histograms, in seconds but for those that count. */

/** From a page that was reloaded to a dashboard that stays for a day. */
export const CONNECTION = [1, 10, 60, 300, 1_800, 3_600, 14_400, 86_400];

/** From an engine in the process to one that hardly answers. */
export const ENGINE = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Timestamps have whole milliseconds: there is nothing finer to tell. */
export const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** From the next look of the pacer to beyond what a waiting event lives for. */
export const WAIT = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** From one page of the log to a reconnect storm. */
export const CATCH_UP = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Events of one replay: up to `WS_MAX_REPLAY_MESSAGES` by default, and beyond. */
export const EVENTS = [0, 1, 10, 50, 100, 250, 500, 1_000, 10_000];

/** Messages of one lease: a tenth of a second of the default limit is 1,000. */
export const LEASE = [0, 1, 10, 50, 100, 250, 500, 1_000, 2_000, 10_000];

/** A busy loop is late by milliseconds; one that is a second late sends traffic elsewhere. */
export const LAG = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
