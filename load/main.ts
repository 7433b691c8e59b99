import process from 'node:process';
import { EXIT, type ExitStatus, Failure, UsageError } from '../src/cli/exit-status.ts';
import { tableText } from '../src/cli/table.ts';
import { findRedisProgram } from '../tests/support/redis-server.ts';
import { helpText, parseCommand } from './arguments.ts';
import { provideK6 } from './k6-program.ts';
import { checkOpenFiles } from './open-files.ts';
import { type Judged, type RunCommand, runOnce } from './run.ts';

const say = (text: string): void => void process.stderr.write(`load: ${text}\n`);

async function main(args: readonly string[]): Promise<ExitStatus> {
  const command = parseCommand(args);
  if (command.kind === 'run') return run(command);
  process.stdout.write(helpText());
  return EXIT.fine;
}

async function run(command: RunCommand): Promise<ExitStatus> {
  checkOpenFiles(command.size);
  if (findRedisProgram() === null)
    throw new Failure(
      'redis-server (or valkey-server) is needed: put one on PATH, such as by `apt-get install redis-server`',
    );
  const program = await provideK6(say);
  const judged: Judged[] = [];
  for (const instances of command.instances) judged.push(await runOnce(command, { instances, program }));
  process.stdout.write(report(judged));
  return judged.every(({ promises }) => promises.every(({ ok }) => ok)) ? EXIT.fine : EXIT.failed;
}

function report(judged: readonly Judged[]): string {
  const rows = judged.flatMap(({ title, promises }) =>
    promises.map(({ promise, measured, ok }) => [title, promise, measured, ok ? 'ok' : 'NOT OK']),
  );
  const notes = judged.flatMap(({ title, used, complaints }) => [
    `${title}: ${used}`,
    ...complaints.map((text) => `${title}: k6 says: ${text}`),
  ]);
  return `${tableText(['scenario', 'promise', 'measured', ''], rows)}\n${notes.join('\n')}\n`;
}

// Whatever was started ends with this process.
process.once('SIGINT', () => process.exit(EXIT.interrupted));

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected = error instanceof UsageError || error instanceof Failure;
  say(isExpected ? error.message : String(error));
  return error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed;
});
