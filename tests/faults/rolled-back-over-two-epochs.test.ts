import { expect, test } from 'vitest';
import { RollbackStage } from '../support/fault-rollback.ts';

test('G4: Redis restarts twice and comes back from a copy of before: both epochs, lost whole, are named', async () => {
  const stage = await RollbackStage.start();
  await stage.restart(stage.saveCopy);
  await stage.publish();
  await stage.restart();
  await stage.publish();
  await stage.restart(stage.putCopyBack);
  await stage.publish();

  const { accepted, named } = await stage.comeBack();
  expect(accepted).toHaveLength(4);
  expect(named).toEqual([accepted[1], accepted[2]]);
});
