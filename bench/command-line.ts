import process from 'node:process';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { EXIT, UsageError } from '../src/cli/exit-status.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

type ValuesOf<T extends Options> = ReturnType<typeof parseArgs<{ readonly options: T }>>['values'];

export type Command<T extends Options> = {
  /** What `--help` prints. */
  readonly help: string;
  /** Those besides `--help`. */
  readonly options: T;
  /** Throws a UsageError where a value is not as wanted, before it starts anything. */
  run(values: ValuesOf<T>): Promise<void>;
};

/** Runs a benchmark by the command line; what is wrong is said in one line, with status 2 for wrong usage and 1 for the rest. */
export async function runCommand<const T extends Options>({ help, options, run }: Command<T>): Promise<void> {
  // Whatever was started ends with this process.
  process.once('SIGINT', () => process.exit(EXIT.interrupted));
  try {
    const { values } = parsed({ ...options, help: { type: 'boolean', short: 'h' } } as const);
    if ((values as { readonly help?: boolean }).help === true) process.stdout.write(help);
    else await run(values as ValuesOf<T>);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed;
  }
}

function parsed<const T extends Options>(options: T) {
  try {
    return parseArgs({ options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
