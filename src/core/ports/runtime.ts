/** What differs between the runtimes that a server runs on. */
export type Runtime = {
  readonly name: 'node' | 'deno';
  /** The environment, as far as this process may see it. */
  env(): Record<string, string | undefined>;
  hostname(): string;
  /** Writes text to standard output, or to standard error. */
  write(text: string): void;
  writeError(text: string): void;
  /** Calls back for every SIGTERM and SIGINT. */
  onStopSignal(heard: (signal: string) => void): void;
  /** Calls back for errors that nobody caught. */
  onUncaught(heard: (error: unknown) => void): void;
  exit(status: number): void;
};
