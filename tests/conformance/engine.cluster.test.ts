import { afterAll, beforeAll } from 'vitest';
import { startClusterRig } from '../support/engine-rig.ts';
import type { RedisCluster } from '../support/redis-cluster.ts';
import { startRedisCluster } from '../support/redis-cluster.ts';
import { engineSuite } from './engine.suite.ts';

let cluster: RedisCluster;

beforeAll(async () => {
  cluster = await startRedisCluster();
}, 30_000);
afterAll(() => cluster.stop());

engineSuite('cluster', () => startClusterRig(cluster.urls));
