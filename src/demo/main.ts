import process from 'node:process';
import { nodeRuntime } from '../adapters/runtime/node.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { createPublisher, type Publisher } from '../client/index.ts';
import type { Config } from '../config.ts';
import { parseConfig } from '../config.ts';
import type { Server } from '../serve.ts';
import { randomSuffix, serve } from '../serve.ts';
import type { AgentReport } from './agents.ts';
import { AGENT_MESSAGE } from './agents.ts';
import { dashboardFiles } from './dashboard-files.ts';
import { floodEvents } from './flood.ts';
import { eventText } from './message-text.ts';
import type { Page } from './page.ts';
import { createPage } from './page.ts';
import { usablePort } from './port.ts';
import { Screen } from './screen.ts';
import type { Secrets } from './secrets.ts';
import { generateSecrets, SERVICE, userToken } from './secrets.ts';
import { Stage } from './stage.ts';
import { welcomeText } from './welcome.ts';
import type { WorkerOptions } from './worker.ts';
import { publishCommand } from './worker.ts';

const USER = 'demo-user';
const SEED = 7;

const GREETING: AgentReport = {
  event_type: AGENT_MESSAGE,
  agent_id: 'you',
  project_id: 'checkout-service',
  payload: { message: 'Hello from curl' },
};

const screen = new Screen(process.stdout);

/** Server logs are for standard error, so that they do not get between the lines to read. */
const runtime = { ...nodeRuntime, write: nodeRuntime.writeError };

/**
 * The embedded engine on loopback, with secrets of its own and a short goodbye; `PORT` and the other `WS_*` settings are
 * the environment's.
 */
function demoConfig(secrets: Secrets): Config {
  const own = {
    HOST: '127.0.0.1',
    REDIS_URL: '',
    JWT_SECRET: secrets.jwt,
    JWKS_URL: '',
    JWT_ISSUER: '',
    JWT_AUDIENCE: '',
    INTERNAL_SERVICE_KEYS: `${SERVICE}:${secrets.service}`,
    LOG_LEVEL: 'warn',
    WS_DRAIN_TIMEOUT: '1s',
  };
  return parseConfig({ ...nodeRuntime.env(), ...own }, { hostname: 'demo', randomSuffix: randomSuffix() });
}

async function startServer(secrets: Secrets, page: Page): Promise<Server> {
  const config = demoConfig(secrets);
  const { port, trouble } = await usablePort(config.host, config.port);
  if (trouble !== null) screen.say(`${trouble}: taking a free one instead`);
  return await serve({ ...config, port }, runtime, page);
}

/** The page, which takes esbuild; null, and why, where that does not run. */
async function pageOf(secrets: Secrets, flood: () => Promise<void>): Promise<Page | null> {
  try {
    const files = await dashboardFiles();
    const session = async () => ({ url: '/ws/agents', token: await userToken(USER, secrets.jwt) });
    return createPage({ files, session, flood });
  } catch (error) {
    screen.say(`no dashboard page: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

async function publishFlood(publisher: Publisher): Promise<void> {
  await Promise.all(floodEvents().map((event) => publisher.publish({ ...event, user_id: USER })));
}

async function perform(report: AgentReport, publisher: Publisher): Promise<void> {
  try {
    const { sequence_id: sequenceId } = await publisher.publish({ ...report, user_id: USER });
    screen.live(
      eventText({
        type: report.event_type,
        timestamp: new Date().toISOString(),
        ...(sequenceId === null ? {} : { sequence_id: sequenceId }),
        payload: { ...report.payload, agent_id: report.agent_id },
      }),
    );
  } catch (error) {
    screen.say(`${report.agent_id} could not publish: ${error instanceof Error ? error.message : error}`);
  }
}

async function main(): Promise<void> {
  const secrets = generateSecrets();
  let flood = async (): Promise<void> => {};
  const page = await pageOf(secrets, () => flood());
  const server = await startServer(secrets, page ?? (() => null));
  const worker: WorkerOptions = {
    address: `http://${server.host}:${server.port}`,
    userId: USER,
    serviceKey: secrets.service,
  };
  const publisher = createPublisher({ url: worker.address, service: SERVICE, key: worker.serviceKey });
  flood = () => publishFlood(publisher);
  const token = await userToken(USER, secrets.jwt);
  const stage = new Stage({
    after: systemClock.after,
    seed: SEED,
    publish: (report) => perform(report, publisher),
  });
  // Before anything is said: whoever reads it may press Ctrl-C in the same moment.
  stopOnSignal(server, stage);
  screen.say(
    welcomeText({
      ...worker,
      hasPage: page !== null,
      token,
      publishCommand: await publishCommand(GREETING, worker),
    }),
  );
}

function stopOnSignal(server: Server, stage: Stage): void {
  let isStopping = false;
  nodeRuntime.onStopSignal(() => {
    // Ctrl-C reaches this process twice: by its group, and by npm above it.
    if (isStopping) return;
    isStopping = true;
    stage.stop();
    screen.say('stopping');
    void server.drain().then(() => nodeRuntime.exit(0), fail);
  });
}

function fail(error: unknown): void {
  nodeRuntime.writeError(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  nodeRuntime.exit(1);
}

// Who read it through a pipe has seen enough.
process.stdout.on('error', () => nodeRuntime.exit(0));
await main().catch(fail);
