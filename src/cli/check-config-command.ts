import { hostname } from 'node:os';
import { Command } from 'commander';
import { ConfigError, parseConfig } from '../config.ts';
import { configReport } from './config-report.ts';
import { Failure } from './exit-status.ts';
import type { Shell } from './shell.ts';

const EXAMPLES = `
Nothing is started and nothing is connected to. Secrets are shown by their length only.

Examples:
  agentcast check-config
  node --env-file=.env bin/agentcast.js check-config && echo good`;

/** `agentcast check-config`: what `agentcast serve` would make of the environment. */
export function checkConfigCommand(shell: Shell): Command {
  return new Command('check-config')
    .description(
      'Read the configuration of a server from the environment: print every fault, or what is in force.',
    )
    .addHelpText('after', EXAMPLES)
    .action(() => {
      try {
        parseConfig(shell.env, { hostname: hostname(), randomSuffix: 'random' });
      } catch (error) {
        if (error instanceof ConfigError) throw new Failure(error.message);
        throw error;
      }
      shell.output.write(configReport(shell.env));
    });
}
