/** What a process has used since its start, and what memory it holds now. */
export type ProcessUsage = {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  /** Of buffers, outside of the heap. */
  readonly externalBytes: number;
};

/** What differs between the runtimes that a server runs on. */
export type Runtime = {
  readonly name: 'node' | 'deno';
  readonly version: string;
  /** The environment, as far as this process may see it. */
  env(): Record<string, string | undefined>;
  hostname(): string;
  usage(): ProcessUsage;
  /** Writes text to standard output, or to standard error. */
  write(text: string): void;
  writeError(text: string): void;
  /** Calls back for every SIGTERM and SIGINT. */
  onStopSignal(heard: (signal: string) => void): void;
  /** Calls back for errors that nobody caught. */
  onUncaught(heard: (error: unknown) => void): void;
  exit(status: number): void;
};
