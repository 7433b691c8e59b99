import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from './fault-stage.ts';
import { freePort } from './free-port.ts';
import { findHaproxy } from './haproxy-installation.ts';
import { startOwned } from './owned-process.ts';

/** The file that users are pointed to. */
const CONFIGURATION = fileURLToPath(new URL('../../deploy/haproxy.cfg', import.meta.url));

export type LoadBalancer = {
  readonly url: string;
  readonly wsUrl: string;
  /** Where Prometheus asks it. */
  readonly metricsUrl: string;
  log(): string;
};

/** Starts HAProxy with the configuration of this repository, in front of three `host:port`; it ends with the test. */
export async function startHaproxy(instances: readonly string[]): Promise<LoadBalancer> {
  const program = findHaproxy();
  if (program === null) throw new Error('no haproxy on PATH');
  const address = `127.0.0.1:${await freePort()}`;
  const [AGENTCAST_1 = '', AGENTCAST_2 = '', AGENTCAST_3 = ''] = instances;
  const METRICS_LISTEN = `127.0.0.1:${await freePort()}`;
  const env = { LISTEN: address, METRICS_LISTEN, AGENTCAST_1, AGENTCAST_2, AGENTCAST_3 };
  // -db: in the foreground.
  const running = await startOwned(program, ['-db', '-f', CONFIGURATION], { env });
  onTestFinished(() => running.end());
  const isUp = async () => (await fetch(`http://${address}/healthz`).catch(() => null))?.status === 200;
  await eventually('haproxy passes requests on', isUp, { describe: running.output });
  const metricsUrl = `http://${METRICS_LISTEN}/metrics`;
  return { url: `http://${address}`, wsUrl: `ws://${address}`, metricsUrl, log: running.output };
}
