import { describe, expect, test } from 'vitest';
import {
  accepting,
  type Call,
  idOf,
  note,
  numberOf,
  problem,
  publisherTo,
  type Respond,
  untilTrue,
} from '../../support/publisher-rig.ts';

describe('trouble', () => {
  test('no answer, and 503: the same id and body again, signed anew, after Retry-After', async () => {
    const answers: Respond[] = [
      () => Promise.reject(new TypeError('fetch failed')),
      () => problem(503, {}, { 'retry-after': '2' }),
      ({ events }) =>
        Response.json(
          { results: events.map(() => ({ sequence_id: 1, epoch: 'A', duplicate: true })) },
          { status: 202 },
        ),
    ];
    const { publisher, calls, clock, called } = publisherTo(
      (call, at) => answers[at - 1]?.(call, at) ?? problem(500),
    );
    const answer = publisher.publish(note(1));
    void publisher.flush();
    await called(1);
    await untilTrue(() => clock.timers === 1);
    await clock.advance(100);
    await called(2);
    await untilTrue(() => clock.timers === 1);
    await clock.advance(2_199);
    expect(calls).toHaveLength(2);
    await clock.advance(1);
    expect(await answer).toEqual({ sequence_id: 1, epoch: 'A', duplicate: true });
    expect(new Set(calls.map(idOf)).size).toBe(1);
    expect(new Set(calls.map(({ body }) => body)).size).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test('gives up in time, with the last answer; what a partial batch took is accepted', async () => {
    const results = [{ sequence_id: 1, epoch: 'A' }, { error: 'engine-unavailable' }];
    const respond = () => problem(503, { results }, { 'retry-after': '5' });
    const { publisher, clock } = publisherTo(respond, { giveUpAfterMs: 4_000 });
    const [taken, lost] = [publisher.publish(note(1)), publisher.publish(note(2))];
    const failing = expect(lost).rejects.toMatchObject({
      code: 'unavailable',
      status: 503,
      problem: { detail: 'why' },
    });
    await publisher.flush();
    await failing;
    expect(await taken).toEqual(results[0]);
    expect([publisher.queued, clock.timers]).toEqual([0, 0]);
  });

  test('an invalid event is refused by itself: those beside it are published, in order', async () => {
    const { publisher, calls } = publisherTo((call, at) => {
      const wrong = call.events.findIndex((event) => numberOf(event) < 0);
      if (wrong < 0) return accepting(call, at);
      const errors = [{ path: `events.${wrong}.payload.n`, detail: 'got -1, wanted at least 0' }];
      return problem(400, { errors });
    });
    const answers = [1, 2, -1, 4].map((n) => publisher.publish(note(n)));
    const settled = Promise.allSettled(answers);
    await publisher.flush();
    const [one, two, wrong, four] = await settled;
    expect([one, two, four].map((result) => result?.status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(wrong).toMatchObject({
      reason: {
        code: 'invalid',
        status: 400,
        faults: [{ path: 'payload.n', detail: 'got -1, wanted at least 0' }],
      },
    });
    expect(calls.map(({ events }) => events.map(numberOf))).toEqual([
      [1, 2, -1, 4],
      [1, 2, 4],
    ]);
    expect(idOf(calls[0] as Call)).not.toBe(idOf(calls[1] as Call));
  });

  test('a wrong key is not tried again', async () => {
    const { publisher, calls } = publisherTo(() => problem(401));
    const answer = expect(publisher.publish(note(1))).rejects.toMatchObject({ code: 'refused', status: 401 });
    await publisher.flush();
    await answer;
    expect(calls).toHaveLength(1);
  });

  test('an attempt that hangs is given up, and repeated', async () => {
    const aborted = (signal: AbortSignal | null | undefined) =>
      new Promise<Response>((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    const { publisher, calls, clock, called } = publisherTo(
      (call, at) => (at === 1 ? aborted(call.signal) : accepting(call, at)),
      { timeoutMs: 1_000 },
    );
    const answer = publisher.publish(note(1));
    void publisher.flush();
    await called(1);
    await clock.advance(1_000);
    await untilTrue(() => clock.timers === 1);
    await clock.advance(100);
    expect((await answer).sequence_id).toBe(1);
    expect(calls).toHaveLength(2);
  });
});
