import type { Cancel } from '../../core/ports/clock.ts';

const EVERY_MS = 50;

/** Tells, twenty times a second, how late the event loop came to a timer, in seconds, until it is called off. */
export function watchEventLoop(late: (seconds: number) => void): Cancel {
  let expected = performance.now() + EVERY_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    late(Math.max(0, now - expected) / 1_000);
    expected = now + EVERY_MS;
  }, EVERY_MS);
  return () => clearInterval(timer);
}
