import { afterEach, beforeAll, describe } from 'vitest';
import type { DashboardClient } from '../support/dashboard-client.ts';
import { newUser, TEST_AUDIENCE, TEST_ISSUER } from '../support/tokens.ts';
import { numberedEvent } from '../support/worker.ts';
import { attackSuite } from './server-attacks.suite.ts';
import { batchSuite } from './server-batch.suite.ts';
import { contractSuite, promiseSuite } from './server-contracts.suite.ts';
import { deliverySuite } from './server-delivery.suite.ts';
import { drainSuite } from './server-drain.suite.ts';
import { filterSuite } from './server-filters.suite.ts';
import { flowSuite } from './server-flow.suite.ts';
import { keySetSuite } from './server-key-set.suite.ts';
import { limitSuite } from './server-limits.suite.ts';
import { messageSuite } from './server-messages.suite.ts';
import { metricsSuite } from './server-metrics.suite.ts';
import { operationSuite, startSuite } from './server-operations.suite.ts';
import { operatorSuite } from './server-operators.suite.ts';
import { outageSuite } from './server-outage.suite.ts';
import { progressSuite } from './server-progress.suite.ts';
import { publishRefusalSuite } from './server-publish-refusals.suite.ts';
import { refusalSuite } from './server-refusals.suite.ts';
import { replaySuite } from './server-replay.suite.ts';
import type { Cell } from './server-rig.ts';
import { useServer } from './server-rig.ts';
import { strangerSuite } from './server-strangers.suite.ts';
import { tokenSuite } from './server-tokens.suite.ts';

/** What the server that most tests share is told: every check is on, and no limit is in the way. */
const SHARED = {
  JWT_ISSUER: TEST_ISSUER,
  JWT_AUDIENCE: TEST_AUDIENCE,
  WS_ALLOWED_ORIGINS: 'https://dash.example,http://localhost:3000',
  WS_MAX_CONNECTIONS_PER_USER: '0',
  WS_RATE_LIMIT_PER_CONNECTION: '0',
  WS_RATE_LIMIT_GLOBAL: '0',
};

/** What a server owes its clients, workers and operators (contract), whichever runtime and engine it has. */
export function serverSuite(name: string, cell: Cell): void {
  describe(`server on ${name}`, () => {
    describe('shared', () => {
      const rig = useServer(cell, SHARED);
      const witness = { user: newUser(), client: null as DashboardClient | null, told: 0 };

      beforeAll(async () => {
        witness.client = await rig().witness(witness.user);
      });

      // Whatever a test did to the server, the process is well and its neighbour still gets its events.
      afterEach(async () => {
        witness.told++;
        await rig().worker.accepted(numberedEvent(witness.user, witness.told));
        await witness.client?.until(({ payload }) => payload.n === witness.told);
        await rig().expectWell();
      });

      refusalSuite(rig);
      tokenSuite(rig);
      deliverySuite(rig);
      progressSuite(rig);
      filterSuite(rig);
      publishRefusalSuite(rig);
      batchSuite(rig);
      replaySuite(rig);
      messageSuite(rig);
      attackSuite(rig);
      strangerSuite(rig);
      operationSuite(rig);
      operatorSuite(rig);
      contractSuite(rig);
    });

    keySetSuite(cell);
    limitSuite(cell);
    startSuite(cell);
    metricsSuite(cell);
    drainSuite(cell);
    flowSuite(cell);
    outageSuite(cell);
    // Last: it looks at what came of all the others.
    promiseSuite(cell);
  });
}
