import { Command } from 'commander';

const SERVE_HELP = `
Everything is configured by the environment: agentcast check-config shows it. Ctrl-C or SIGTERM drains: clients are asked to
leave, then the exit status is 0; a second one stops at once.

Examples:
  agentcast serve
  REDIS_URL=redis://127.0.0.1:6379 PORT=8081 agentcast serve
  node --env-file=.env bin/agentcast.js serve`;

const DEMO_HELP = `
It needs no configuration: secrets are made for this run. PORT and the WS_ variables count, where they are set.

Examples:
  agentcast demo
  PORT=0 agentcast demo`;

/** `agentcast serve`: what `npm start` runs. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Run a server, configured by the environment, until it is told to stop.')
    .addHelpText('after', SERVE_HELP)
    .action(async () => {
      const [{ run }, { nodeRuntime }] = await Promise.all([
        import('../run.ts'),
        import('../adapters/runtime/node.ts'),
      ]);
      await run(nodeRuntime);
    });
}

/** `agentcast demo`: what `npm run demo` runs. */
export function demoCommand(): Command {
  return new Command('demo')
    .description('Run a server with simulated agents, on the embedded engine and on this machine alone.')
    .addHelpText('after', DEMO_HELP)
    .action(async () => {
      await import('../demo/main.ts');
    });
}
