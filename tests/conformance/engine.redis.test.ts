import { inject } from 'vitest';
import { startRedisRig } from '../support/engine-rig.ts';
import { engineSuite } from './engine.suite.ts';

engineSuite('redis', () => startRedisRig(inject('redisUrl')));
