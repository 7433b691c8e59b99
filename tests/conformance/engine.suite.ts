import { afterEach, beforeEach, describe } from 'vitest';
import type { EngineRig } from '../support/engine-rig.ts';
import { admissionSuite } from './engine-admission.suite.ts';
import { framesSuite } from './engine-frames.suite.ts';
import { handoverSuite } from './engine-handover.suite.ts';
import { idempotencySuite } from './engine-idempotency.suite.ts';
import { lifecycleSuite } from './engine-lifecycle.suite.ts';
import { limitsSuite } from './engine-limits.suite.ts';
import { logSuite } from './engine-log.suite.ts';
import { ordersSuite } from './engine-orders.suite.ts';
import { progressSuite } from './engine-progress.suite.ts';
import { registrySuite } from './engine-registry.suite.ts';
import { streamsSuite } from './engine-streams.suite.ts';
import { tasksSuite } from './engine-tasks.suite.ts';

/** Gives the rig of the present test. */
export type PresentRig = () => EngineRig;

/** What every engine does, whatever it keeps its state in. Run it on each. */
export function engineSuite(name: string, start: () => Promise<EngineRig>): void {
  describe(`engine: ${name}`, () => {
    let rig: EngineRig;
    beforeEach(async () => {
      rig = await start();
    });
    afterEach(() => rig.close());
    const present: PresentRig = () => rig;
    describe('streams', () => streamsSuite(present));
    describe('frames', () => framesSuite(present));
    describe('progress', () => progressSuite(present));
    describe('tasks', () => tasksSuite(present));
    describe('log', () => logSuite(present));
    describe('idempotency', () => idempotencySuite(present));
    describe('hand-over', () => handoverSuite(present));
    describe('registry', () => registrySuite(present));
    describe('orders', () => ordersSuite(present));
    describe('limits', () => limitsSuite(present));
    describe('admission', () => admissionSuite(present));
    describe('life', () => lifecycleSuite(present));
  });
}
