/** Takes back what was scheduled; calling it again, or too late, does nothing. */
export type Cancel = () => void;

/** Time as the core sees it, so that tests can hold it still. */
export type Clock = {
  /** Wall-clock time in milliseconds since 1970; may jump. For timestamps, and for times that others set. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. For durations. */
  elapsed(): number;
  after(milliseconds: number, run: () => void): Cancel;
  every(milliseconds: number, run: () => void): Cancel;
  /** Runs once this turn of the event loop has nothing more to do. */
  endOfTurn(run: () => void): void;
};
