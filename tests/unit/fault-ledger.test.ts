import { describe, expect, test } from 'vitest';
import type { Entry } from '../support/fault-audit.ts';
import { LossLedger } from '../support/fault-ledger.ts';

const start = (epoch: string, after: number, missing: [from: number, to: number] | null = null): Entry => ({
  kind: 'replay_start',
  epoch,
  after,
  missing: missing && { from: missing[0], to: missing[1] },
});
const end = (sequenceId: number): Entry => ({ kind: 'replay_end', sequenceId });
/** Event 7 of these tests is the one that was given sequence id 7, unless said otherwise. */
const event = (sequenceId: number, mark = sequenceId): Entry => ({ kind: 'event', mark, sequenceId });

/** A ledger in which so many events of epoch A were accepted, and one client heard all that is given. */
function ledgerOf(accepted: number, entries: readonly Entry[]) {
  const ledger = new LossLedger();
  for (let id = 1; id <= accepted; id++) ledger.accept('u', { mark: id, epoch: 'A', sequenceId: id });
  const account = ledger.open('client', 'u');
  account.entries.push(...entries);
  return { ledger, account };
}

const faultsOf = (accepted: number, entries: readonly Entry[]): string[] =>
  ledgerOf(accepted, entries).ledger.faults();

/** Events 3 and 4 of epoch A were accepted and lost; epoch B begins at 100 with event 5. */
function ledgerWithTwoEpochs(entries: readonly Entry[]) {
  const { ledger, account } = ledgerOf(4, entries);
  ledger.accept('u', { mark: 5, epoch: 'B', sequenceId: 100 });
  return { ledger, account };
}

describe('the loss ledger is in balance', () => {
  test('when every event came, in a replay or live, over any number of connections', () => {
    expect(
      faultsOf(4, [start('A', 0), event(1), end(1), event(2), start('A', 2), event(3), end(3), event(4)]),
    ).toEqual([]);
  });

  test('when what did not come was named before any later event', () => {
    const { ledger, account } = ledgerOf(4, [start('A', 0, [1, 2]), event(3), end(3), event(4)]);
    expect(ledger.faults()).toEqual([]);
    expect(ledger.namedTo(account).map(({ mark }) => mark)).toEqual([1, 2]);
    expect(ledger.isSettled()).toBe(true);
  });

  test('when all there is was named, and nothing came', () => {
    expect(faultsOf(2, [start('A', 0, [1, 2]), end(2)])).toEqual([]);
  });

  test('when a new epoch names what the old one lost, and what survived comes under the new one', () => {
    const { ledger } = ledgerWithTwoEpochs([
      start('B', 0, [3, 99]),
      event(1),
      event(2),
      event(100, 5),
      end(100),
    ]);
    expect(ledger.faults()).toEqual([]);
  });

  test('when a new epoch sends everything again', () => {
    const entries = [start('A', 0), event(1), event(2), event(3), event(4), end(4)];
    const again = [start('B', 0, [5, 99]), event(1), event(2), event(3), event(4), event(100, 5), end(100)];
    expect(ledgerWithTwoEpochs([...entries, ...again]).ledger.faults()).toEqual([]);
  });

  test('when an event came that nobody was promised', () => {
    expect(faultsOf(2, [start('A', 0), event(1), event(2), end(2), event(3)])).toEqual([]);
  });

  test('when an event lost with its epoch came once more, at the place that it was promised', () => {
    const { ledger } = ledgerOf(1, [
      start('A', 0),
      event(1),
      event(2),
      start('B', 2, [3, 99]),
      event(100, 2),
    ]);
    ledger.accept('u', { mark: 2, epoch: 'B', sequenceId: 100 });
    expect(ledger.faults()).toEqual([]);
  });
});

describe('the loss ledger goes red', () => {
  test('for an event that was skipped', () => {
    expect(faultsOf(3, [start('A', 0), end(0), event(1), event(3)])).toEqual([
      'client: event 2 (A 2) was neither delivered nor named before event 3',
    ]);
  });

  test('for a skipped event that came later', () => {
    expect(faultsOf(3, [start('A', 0), event(1), event(3), start('B', 1), event(2), event(3)])).not.toEqual(
      [],
    );
  });

  test('for a last event that never came', () => {
    const { ledger } = ledgerOf(2, [start('A', 0), event(1), end(1)]);
    expect(ledger.isSettled()).toBe(false);
    expect(ledger.faults()).toEqual(['client: event 2 (A 2) was neither delivered nor named']);
  });

  test('for a client that heard nothing at all', () => {
    expect(faultsOf(1, [])).toHaveLength(1);
  });

  test('for an event that came twice', () => {
    expect(faultsOf(2, [start('A', 0), event(1), event(2), event(2)])).toHaveLength(1);
  });

  test('for one event at two places of an epoch', () => {
    expect(faultsOf(2, [start('A', 0), event(1), event(2), event(3, 2)])).toEqual([
      'client: event 2 came twice, as 2 and as 3',
    ]);
  });

  test('for a resumption that sends again what the client has', () => {
    expect(faultsOf(2, [start('A', 0), event(1), event(2), end(2), start('A', 1), event(2)])).toHaveLength(1);
  });

  test('for the wrong order', () => {
    expect(faultsOf(3, [start('A', 0), event(1), event(3), event(2)])).toEqual([
      'client: event 2 (A 2) was neither delivered nor named before event 3',
      'client: 2 came after 3: doubled or out of order',
    ]);
  });

  test('for a range that was named too late', () => {
    expect(faultsOf(3, [start('A', 0), event(1), event(3), start('A', 3, [2, 2])])).toHaveLength(1);
  });

  test('for a range of which one event is left out', () => {
    expect(faultsOf(4, [start('A', 0, [1, 2]), event(4)])).toHaveLength(1);
  });

  test('for a replay that ends behind an event which it did not send', () => {
    expect(faultsOf(2, [start('A', 0), event(1), end(2)])).toHaveLength(1);
  });

  test('for a new epoch that does not name all that was lost', () => {
    const { ledger } = ledgerWithTwoEpochs([start('B', 0, [4, 99]), event(1), event(2), event(100, 5)]);
    expect(ledger.faults()).toEqual(['client: event 3 (A 3) was neither delivered nor named before event 5']);
  });

  test('for an event of the new epoch that only the range of the old one covers', () => {
    const ledger = new LossLedger();
    for (const id of [1, 2, 3]) ledger.accept('u', { mark: id, epoch: 'A', sequenceId: id });
    for (const id of [1, 2, 3, 4, 5]) ledger.accept('u', { mark: 10 + id, epoch: 'B', sequenceId: id });
    const { entries } = ledger.open('client', 'u');
    entries.push(start('A', 0), event(1), event(2), event(3), end(3));
    // The stream was flushed: numbers begin again, and the range from 4 speaks of the old ones.
    entries.push(start('B', 0, [4, 100_003]), event(1, 11), event(2, 12), end(2), event(3, 13), event(5, 15));
    expect(ledger.faults()).toEqual([
      'client: event 14 (B 4) was neither delivered nor named before event 15',
    ]);
  });

  test('for one place that was given to two events', () => {
    const { ledger } = ledgerOf(2, [start('A', 0), event(1), event(2)]);
    ledger.accept('u', { mark: 9, epoch: 'A', sequenceId: 2 });
    expect(ledger.faults()).toContain('u: event 2 has the place of event 9 (A 2)');
  });

  test('for an event that was accepted again at another place', () => {
    const { ledger } = ledgerOf(2, [start('A', 0), event(1), event(2)]);
    ledger.accept('u', { mark: 2, epoch: 'A', sequenceId: 2 });
    expect(ledger.faults()).toEqual([]);
    ledger.accept('u', { mark: 2, epoch: 'A', sequenceId: 3 });
    expect(ledger.faults()).toEqual(['u: event 2 (A 2) was accepted again as event 2 (A 3)']);
  });
});
