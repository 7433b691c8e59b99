import type { Clock } from '../../core/ports/clock.ts';

/** The machine's own time and timers; the same on both runtimes. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
  every(milliseconds, run) {
    const timer = setInterval(run, milliseconds);
    return () => clearInterval(timer);
  },
  endOfTurn: (run) => void setImmediate(run),
};
