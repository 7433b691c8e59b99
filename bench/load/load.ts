/** A way to keep a server busy. */
export type Load = {
  /** Works for so many ms, then waits until all that it began is done; gives how many units of work that was. */
  run(ms: number): Promise<number>;
  close(): void;
};
