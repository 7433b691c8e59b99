import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What the process has used so far, and how long its event loop stood still at most since the last report. */
export type Used = {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly longestStallMs: number;
};

/** What a server under test tells the bench over its channel. */
export type Report = { readonly port: number } | Used;

/** What the bench asks; `settled`: without the garbage that happens to lie about. */
export type Question = 'used' | 'settled';

const RESOLUTION_MS = 10;

/**
 * Says where this server listens, and from then on answers every question of the bench (CPU time is user and system, all
 * threads). Ends with the bench.
 */
export function reportToBench(port: number): void {
  const send = (report: Report): void => void process.send?.(report);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  process.on('message', (question: Question) => {
    if (question === 'settled') globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const longestStallMs = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
    delay.reset();
    const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
    send({ cpuSeconds: (user + system) / 1e6, residentBytes, heapBytes, longestStallMs });
  });
  // Who was interrupted while this server started is gone already, and no event will tell.
  if (!process.connected) process.exit(0);
  process.on('disconnect', () => process.exit(0));
  send({ port });
}
