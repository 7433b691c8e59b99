import { expect, test } from 'vitest';
import { RollbackStage } from '../support/fault-rollback.ts';

test('G4: Redis comes back from the same copy twice: the epoch in between, lost whole, is named too', async () => {
  const stage = await RollbackStage.start();
  await stage.restart(stage.saveCopy);
  await stage.publish();
  await stage.restart(stage.putCopyBack);
  await stage.publish();

  const { accepted, named } = await stage.comeBack();
  expect(accepted).toHaveLength(3);
  expect(named).toEqual([accepted[1]]);
});
