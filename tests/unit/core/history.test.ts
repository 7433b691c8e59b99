import { describe, expect, it } from 'vitest';
import { History, STEP, STEPS, Witness } from '../../../src/core/history.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function rig(size: number) {
  const clock = new ManualClock();
  const history = new History(clock, size);
  const witness = (user = 'u-1', connection: string | null = 'c-1') => new Witness(history, user, connection);
  const told = (sequenceId: number, user = 'u-1') =>
    history.of(user, sequenceId).map(({ what, connectionId }) => `${what} ${connectionId}`);
  return { clock, history, witness, told };
}

describe('the history of events', () => {
  it('tells of one event of one user, in the order in which things happened, and when', async () => {
    const { clock, history, witness } = rig(10);
    witness('u-1', null).noteNow(STEP.handedOver, 7);
    witness().note(STEP.queued, 7);
    witness().note(STEP.queued, 8);
    witness('u-2').note(STEP.queued, 7);
    const start = clock.now();
    await clock.advance(250);
    witness().noteNow(STEP.expired, 7);
    expect(history.of('u-1', 7)).toEqual([
      { what: 'handed_over', reason: null, at: start, connectionId: null },
      { what: 'queued', reason: null, at: start, connectionId: 'c-1' },
      { what: 'shed', reason: 'expired', at: start + 250, connectionId: 'c-1' },
    ]);
  });

  it('forgets the oldest for the newest, and says since when it knows everything', async () => {
    const { clock, history, witness, told } = rig(3);
    for (const sequenceId of [1, 2, 3]) witness().noteNow(STEP.sent, sequenceId);
    expect(history.since).toBe(clock.now());
    await clock.advance(1_000);
    witness().noteNow(STEP.sent, 4);
    expect([1, 2, 3, 4].map((sequenceId) => told(sequenceId).length)).toEqual([0, 1, 1, 1]);
    witness('u-1', 'c-2').noteNow(STEP.filtered, 4);
    witness('u-1', 'c-3').noteNow(STEP.queued, 4);
    expect(told(4)).toEqual(['sent c-1', 'filtered c-2', 'queued c-3']);
    expect(history.since).toBe(clock.now());
  });

  it('has forgotten nothing while there is room', () => {
    const { history, witness } = rig(2);
    expect(history.since).toBeNull();
    witness().noteNow(STEP.sent, 1);
    expect(history.since).toBeNull();
  });

  it('holds one witness for all events of a busy user, and does not hold those of all users', () => {
    const { history } = rig(2);
    const first = history.witnessOf('u-1');
    expect(first).toMatchObject({ userId: 'u-1', connectionId: null });
    expect(history.witnessOf('u-1')).toBe(first);
    expect(history.witnessOf('u-2')).not.toBe(first);
    for (let user = 0; user < 10_000; user++) history.witnessOf(`u-many-${user}`);
    expect(history.witnessOf('u-1')).not.toBe(first);
  });

  it('has a word for every step', () => {
    expect(Object.values(STEP)).toEqual(STEPS.map((_, index) => index));
  });
});
