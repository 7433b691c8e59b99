import { appendFileSync } from 'node:fs';
import type { SerializedError } from 'vitest';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** `12 passed, 0 failed, 1 skipped`; the last part only where something was skipped. */
export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * Ends a run with one plain line of counts, and adds it to the file named by COUNTS_FILE, so that the caller of several
 * runs can sum them up.
 */
export class CountsReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    const counts = countTests(modules);
    counts.failed += unhandledErrors.length;
    // A run that vitest calls failed or interrupted must not read as a success, whatever made it so.
    if (reason !== 'passed' && counts.failed === 0) counts.failed = 1;
    const line = countsLine(counts);
    process.stdout.write(`${line}\n`);
    if (process.env.COUNTS_FILE) appendFileSync(process.env.COUNTS_FILE, `${line}\n`);
  }
}

/** Counts tests; what failed outside of a test (a file that does not load, a `beforeAll`) counts as a failure too. */
function countTests(modules: readonly TestModule[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === 'pending' ? 'skipped' : state] += 1;
    }
  }
  return counts;
}
