import type { PrometheusMetrics } from '../../src/adapters/metrics/prometheus.ts';
import { createPrometheusMetrics } from '../../src/adapters/metrics/prometheus.ts';
import type { ProcessUsage } from '../../src/core/ports/runtime.ts';

/** Of a process that uses nothing. */
export const NO_USAGE: ProcessUsage = {
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  residentBytes: 0,
  heapUsedBytes: 0,
  heapTotalBytes: 0,
  externalBytes: 0,
};

const BUILD = {
  version: '1.2.3',
  runtime: 'node',
  runtimeVersion: '20.0.0',
  engine: 'memory',
  instanceId: 'i-1',
  startedAt: 0,
};

/** Metrics as a server has them; `usage` is what its process has used. */
export const testMetrics = (usage = (): ProcessUsage => NO_USAGE): PrometheusMetrics =>
  createPrometheusMetrics({ build: BUILD, usage });
