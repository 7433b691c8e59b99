import type { ServerProcess } from '../tests/support/server-process.ts';
import { type Usage, usageOf } from './process-usage.ts';

const LOOK_MS = 1_000;
/** A busy server answers late; the next look is as good. */
const PATIENCE_MS = 3_000;

/** What was seen at one look, over all instances. */
export type Look = {
  /** Since the watch began, in ms. */
  readonly atMs: number;
  readonly liveSockets: number;
  readonly framesPerSecond: number;
  /** Messages that wait for the connection that has most. */
  readonly longestQueue: number;
  readonly dropped: number;
  readonly frames: number;
  /** Of all instances together. */
  readonly server: Used;
  readonly k6: Used;
};

/** Resident memory; CPU since the start, and cores used since the look before. */
export type Used = Usage & { readonly cores: number };

const NOTHING: Sums = { live: 0, frames: 0, longestQueue: 0, dropped: 0 };

type Sums = { live: number; frames: number; longestQueue: number; dropped: number };

export type WatchOptions = {
  servers(): readonly ServerProcess[];
  /** Null while it does not run. */
  k6Pid(): number | null;
  onLook(look: Look): void;
};

/** Looks at servers and k6 from outside, once a second. */
export class Watch {
  readonly looks: Look[] = [];
  readonly #options: WatchOptions;
  readonly #began = performance.now();
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  /** What each instance said last: one that is away, or too busy to answer, counts on from there. */
  readonly #lastSums = new Map<string, Sums>();
  #before: { atMs: number; frames: number; server: Usage; k6: Usage } | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** Resolves with true once a look is such, with false where the signal aborts before. */
  async until(isSuch: (look: Look) => boolean, over: AbortSignal): Promise<boolean> {
    while (!over.aborted) {
      const last = this.looks.at(-1);
      if (last !== undefined && isSuch(last)) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS / 4));
    }
    return false;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const next = new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      await this.#look();
      await next;
    }
    // So that what came since is counted too.
    await this.#look();
  }

  async #sums(): Promise<Sums> {
    const all = await Promise.all(
      this.#options.servers().map(async ({ url }) => {
        const text = await scrape(url);
        const sums = text === '' ? { ...(this.#lastSums.get(url) ?? NOTHING), live: 0 } : sumsIn(text);
        this.#lastSums.set(url, sums);
        return sums;
      }),
    );
    return {
      live: sum(all.map(({ live }) => live)),
      frames: sum(all.map(({ frames }) => frames)),
      longestQueue: Math.max(0, ...all.map(({ longestQueue }) => longestQueue)),
      dropped: sum(all.map(({ dropped }) => dropped)),
    };
  }

  async #look(): Promise<void> {
    const { servers, k6Pid, onLook } = this.#options;
    const sums = await this.#sums();
    const atMs = performance.now() - this.#began;
    const server = total(servers().map(({ pid }) => usageOf(pid)));
    const pid = k6Pid();
    const k6 = total(pid === null ? [] : [usageOf(pid)]);
    const now = { atMs, frames: sums.frames, server, k6 };
    const before = this.#before ?? now;
    this.#before = now;
    const seconds = (atMs - before.atMs) / 1000;
    // An instance that starts again counts from zero.
    const rate = (count: number) => (seconds > 0 ? Math.max(0, count) / seconds : 0);
    const look = {
      atMs,
      liveSockets: sums.live,
      framesPerSecond: rate(sums.frames - before.frames),
      longestQueue: sums.longestQueue,
      dropped: sums.dropped,
      frames: sums.frames,
      server: { ...server, cores: rate(server.cpuSeconds - before.server.cpuSeconds) },
      k6: { ...k6, cores: rate(k6.cpuSeconds - before.k6.cpuSeconds) },
    };
    this.looks.push(look);
    onLook(look);
  }
}

/** What a scrape of `GET /metrics` tells; nothing, where it is empty. */
export function sumsIn(text: string): Sums {
  const valuesOf = (name: string, labels = '') =>
    [...text.matchAll(new RegExp(`^agentcast_${name}(?:\\{[^}]*${labels}[^}]*\\})? (\\S+)$`, 'gm'))].map(
      ([, value]) => Number(value),
    );
  return {
    live: sum(valuesOf('connections', 'state="live"')),
    frames: sum(valuesOf('frames_delivered_total')),
    longestQueue: Math.max(0, ...valuesOf('send_queue_messages_max')),
    dropped: sum(valuesOf('events_dropped_total')),
  };
}

/** Empty where the instance is away, or too busy to answer in time. */
async function scrape(url: string): Promise<string> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return await response.text();
  } catch {
    return '';
  }
}

const total = (usages: readonly (Usage | null)[]): Usage => ({
  cpuSeconds: sum(usages.map((usage) => usage?.cpuSeconds ?? 0)),
  residentBytes: sum(usages.map((usage) => usage?.residentBytes ?? 0)),
});

const sum = (values: readonly number[]): number => values.reduce((sofar, value) => sofar + value, 0);
