import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { checkConfigCommand } from './check-config-command.ts';
import { disconnectCommand } from './disconnect-command.ts';
import { EXIT, type ExitStatus, Failure, UsageError } from './exit-status.ts';
import { explainCommand } from './explain-command.ts';
import { keygenCommand } from './keygen-command.ts';
import { masked } from './masking.ts';
import { publishCommand } from './publish/publish-command.ts';
import { demoCommand, serveCommand } from './server-commands.ts';
import type { Shell } from './shell.ts';
import { statusCommand } from './status-command.ts';
import { tailCommand } from './tail/tail-command.ts';
import { tokenCommand } from './token-command.ts';

const HELP = `
Environment:
  AGENTCAST_URL          address of the server, where --url is absent
  AGENTCAST_SERVICE_KEY  name:whsec_… to sign with (publish, status, explain, disconnect), where --key-file is absent
  AGENTCAST_TOKEN        token of a user (tail); without it, JWT_SECRET makes one for --user
  NO_COLOR               no colours

Secrets are taken from the environment and from files, never from arguments, which other users of a machine can see.

Exit status:
  0    done
  1    failed: no answer, a refusal, a line that was not published, a faulty configuration
  2    wrong usage
  130  stopped by Ctrl-C (143: by SIGTERM); serve and demo end with 0 then

agentcast <command> --help has examples.`;

/** Runs one command line; the exit status of what failed goes to the shell, after a line that says why. */
export async function runCommandLine(args: readonly string[], shell: Shell): Promise<void> {
  try {
    await createProgram(shell).parseAsync(args, { from: 'user' });
  } catch (error) {
    shell.finish(report(error, shell));
  }
}

function createProgram(shell: Shell): Command {
  const program = new Command('agentcast')
    .description('Streams the status and progress of AI agents to dashboards.')
    .version(version())
    .addHelpText('after', HELP);
  const commands = [
    serveCommand(),
    demoCommand(),
    publishCommand(shell),
    tailCommand(shell),
    tokenCommand(shell),
    keygenCommand(shell),
    checkConfigCommand(shell),
    statusCommand(shell),
    explainCommand(shell),
    disconnectCommand(shell),
  ];
  for (const command of commands) program.addCommand(command);
  // Commands that were made by themselves inherit none of this.
  for (const command of [program, ...commands]) adapt(command, shell);
  return program;
}

function adapt(command: Command, shell: Shell): void {
  const name = command.parent === null ? 'agentcast' : `agentcast ${command.name()}`;
  command
    .exitOverride()
    .showHelpAfterError(`${name} --help says what it takes`)
    .configureOutput({
      writeOut: (text) => shell.output.write(text),
      writeErr: (text) => shell.errors.write(masked(text, shell.env)),
      outputError: (text, write) => write(text.replace(/^error: /, 'agentcast: ')),
    });
}

function report(error: unknown, shell: Shell): ExitStatus {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.fine : EXIT.wrongUsage;
  }
  if (error === EXIT.interrupted || error === EXIT.terminated) return error;
  const isExpected = error instanceof Failure || error instanceof UsageError;
  const text = isExpected ? error.message : `unexpected: ${String(error)}`;
  shell.errors.write(`${masked(`agentcast: ${text}`, shell.env)}\n`);
  return error instanceof UsageError ? EXIT.wrongUsage : EXIT.failed;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
