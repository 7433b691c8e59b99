import { startMemoryRig } from '../support/engine-rig.ts';
import { engineSuite } from './engine.suite.ts';

engineSuite('memory', startMemoryRig);
