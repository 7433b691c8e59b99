import process from 'node:process';
import type { ProcessUsage } from '../../core/ports/runtime.ts';

const MICROSECONDS = 1_000_000;

/** What this process has used; Node and Deno tell it in the same words. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    cpuUserSeconds: user / MICROSECONDS,
    cpuSystemSeconds: system / MICROSECONDS,
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    externalBytes: external,
  };
}
