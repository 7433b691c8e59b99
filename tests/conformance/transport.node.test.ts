import { startFixture } from '../support/transport-rig.ts';
import { transportSuite } from './transport.suite.ts';

transportSuite('node', () => startFixture('node', ['--import', 'tsx']));
