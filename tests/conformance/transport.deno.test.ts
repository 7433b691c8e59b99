import { createRequire } from 'node:module';
import { startFixture } from '../support/transport-rig.ts';
import { transportSuite } from './transport.suite.ts';

// The program itself: where install scripts did not run, node_modules/.bin/deno is a script that passes no signal on.
const { runInstall } = createRequire(import.meta.url)('deno/install_api.cjs') as { runInstall(): string };

transportSuite('deno', () => startFixture(runInstall(), ['run', '--allow-all']));
