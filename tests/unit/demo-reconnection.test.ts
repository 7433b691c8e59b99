import { describe, expect, test } from 'vitest';
import { addressAt, moved } from '../../src/demo/position.ts';
import { type Ending, nextStep } from '../../src/demo/reconnection.ts';

const closed = (code: number, hintMs: number | null = null): Ending => ({
  kind: 'closed',
  code,
  reason: '',
  hintMs,
});
const refused = (status: number, retryAfterMs: number | null = null): Ending => ({
  kind: 'refused',
  status,
  detail: `${status}`,
  retryAfterMs,
});
const HISTORY = { wasConnected: true, failures: 0, chance: 1 };

describe('after an ending', () => {
  test.each<[string, Ending, 0 | 1]>([
    ['a wrong token', refused(401), 1],
    ['a wrong filter', refused(400), 1],
    ['a message too big', closed(1009), 1],
    ['an invalid message', closed(4000), 1],
    ['an expired token', closed(4001), 1],
    ['an operator', closed(4002), 1],
    ['a normal close', closed(1000), 0],
  ])('%s: it stops', (_, ending, status) => {
    expect(nextStep(ending, HISTORY)).toMatchObject({ kind: 'stop', status });
  });

  test.each<[string, Ending, number]>([
    ['a cut', closed(1006), 500],
    ['a restart of the server', closed(1012), 500],
    ['reading too slowly', closed(4100), 500],
    ['a resync', closed(4200), 0],
    ['a drain, by its hint', closed(1000, 700), 700],
    ['too many upgrades, by Retry-After', refused(429, 9_000), 9_000],
    ['a server without an engine', refused(503, 2_000), 2_000],
    ['a proxy that says nothing of when', refused(502), 500],
    ['no answer', { kind: 'unreachable', reason: 'refused' }, 500],
  ])('%s: it goes on', (_, ending, afterMs) => {
    expect(nextStep(ending, HISTORY)).toMatchObject({ kind: 'again', afterMs });
  });

  test('no answer from an address that never gave one: it stops', () => {
    const next = nextStep({ kind: 'unreachable', reason: 'refused' }, { ...HISTORY, wasConnected: false });
    expect(next).toEqual({ kind: 'stop', status: 1, why: 'no answer: refused' });
  });

  test('waits grow with every failure to a bound, and are spread over half of it', () => {
    const waitMs = (failures: number, chance: number): number => {
      const next = nextStep(closed(1006), { wasConnected: true, failures, chance });
      return next.kind === 'again' ? next.afterMs : Number.NaN;
    };
    expect([0, 1, 2, 3, 20, 2_000].map((failures) => waitMs(failures, 1))).toEqual([
      500, 1_000, 2_000, 4_000, 15_000, 15_000,
    ]);
    expect(waitMs(2, 0)).toBe(1_000);
  });
});

describe('the position of a reader', () => {
  const message = (type: string, payload: Record<string, unknown>, sequence_id?: number) => ({
    type,
    timestamp: '',
    payload,
    ...(sequence_id === undefined ? {} : { sequence_id }),
  });

  test('is where the replay begins, moves with each event and ends where the replay says', () => {
    const steps = [
      message('CONNECTED', { epoch: 'e2', sequence_id: 90 }),
      message('REPLAY_START', { epoch: 'e2', after_sequence_id: 10 }),
      message('AGENT_STATUS_CHANGED', {}, 12),
      message('PROGRESS_UPDATE', {}),
      message('REPLAY_END', { sequence_id: 20 }),
      message('AGENT_STATUS_CHANGED', {}, 21),
    ];
    let position: ReturnType<typeof moved> = { epoch: 'e1', sequenceId: 5 };
    const numbers = steps.map((step) => {
      position = moved(position, step);
      return `${position?.epoch} ${position?.sequenceId}`;
    });
    expect(numbers).toEqual(['e1 5', 'e2 10', 'e2 12', 'e2 12', 'e2 20', 'e2 21']);
  });

  test('takes the place of what the address asked for, and leaves the rest of it', () => {
    const address = 'ws://h/ws/agents?token=t.t&agent_ids=a&last_sequence_id=latest';
    expect(addressAt(address, null)).toBe(address);
    const query = new URL(addressAt(address, { epoch: 'e 1', sequenceId: 7 })).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      token: 't.t',
      agent_ids: 'a',
      last_sequence_id: '7',
      epoch: 'e 1',
    });
  });
});
