import type { ProcessUsage } from '../../core/ports/runtime.ts';
import * as buckets from './buckets.ts';
import type { Catalogue } from './catalogue.ts';

/** What a process is: one value each for as long as it lives. */
export type BuildFacts = {
  readonly version: string;
  readonly runtime: string;
  readonly runtimeVersion: string;
  readonly engine: string;
  readonly instanceId: string;
  /** In ms since 1970. */
  readonly startedAt: number;
};

/**
 * What a process is and uses, the same on both runtimes: of the library's own set, the one for processes reads /proc, which
 * Deno may not, and the one for the event loop asks for what Deno measures otherwise.
 */
export function processMetrics(all: Catalogue, build: BuildFacts) {
  describeBuild(all, build);
  const cpu = all.tallies('process_cpu_seconds_total', 'CPU time used.', { mode: ['user', 'system'] });
  const resident = all.gauge('process_resident_memory_bytes', 'Memory of the process.');
  const heapUsed = all.gauge('process_heap_used_bytes', 'Of the heap of JavaScript: what is in use.');
  const heapTotal = all.gauge('process_heap_total_bytes', 'The heap of JavaScript.');
  const external = all.gauge('process_external_memory_bytes', 'Memory of buffers, outside of the heap.');
  const late = all.distribution(
    'event_loop_lag_seconds',
    'How late the event loop came to a timer.',
    buckets.LAG,
  );
  const counted = { user: 0, system: 0 };
  const countCpu = (mode: 'user' | 'system', seconds: number) => {
    // A counter takes what came since; one that went back would be refused.
    cpu.add(mode, Math.max(0, seconds - counted[mode]));
    counted[mode] = Math.max(counted[mode], seconds);
  };
  return {
    loopWasLate: (seconds: number) => late.add(seconds),
    readProcess: (usage: ProcessUsage) => {
      countCpu('user', usage.cpuUserSeconds);
      countCpu('system', usage.cpuSystemSeconds);
      resident.set(usage.residentBytes);
      heapUsed.set(usage.heapUsedBytes);
      heapTotal.set(usage.heapTotalBytes);
      external.set(usage.externalBytes);
    },
  };
}

function describeBuild(all: Catalogue, build: BuildFacts): void {
  const { version, runtime, runtimeVersion, engine, instanceId, startedAt } = build;
  const labels = { version, runtime, runtime_version: runtimeVersion, engine, instance_id: instanceId };
  all.gauge('build_info', '1; its labels say what runs.', Object.keys(labels)).set(labels, 1);
  all.gauge('process_start_time_seconds', 'When it started, since 1970.').set(startedAt / 1_000);
}
