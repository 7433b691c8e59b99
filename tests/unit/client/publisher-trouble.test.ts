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
  test.each<Record<string, string>>([
    { 'retry-after': '2' },
    { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT', date: 'Sun, 06 Nov 1994 08:49:35 GMT' },
  ])('no answer, and 503: the same id and body again, signed anew, after %j', async (headers) => {
    const answers: Respond[] = [
      () => Promise.reject(new TypeError('fetch failed')),
      () => problem(503, {}, headers),
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

describe('whether an event that was given up may be published all the same', () => {
  const failing =
    (cause: unknown): Respond =>
    () =>
      Promise.reject(new TypeError('fetch failed', { cause }));
  const unconnected = { syscall: 'connect', message: 'connect ECONNREFUSED' };
  const answering =
    (status: number): Respond =>
    () =>
      problem(status);

  test.each<[boolean, string, Respond[]]>([
    [false, 'no connection', [failing(unconnected)]],
    [false, 'no connection to any address', [failing({ errors: [unconnected, unconnected] })]],
    [false, 'no such name', [failing({ syscall: 'getaddrinfo', message: 'getaddrinfo ENOTFOUND' })]],
    [false, '429', [answering(429)]],
    [true, 'a connection cut', [failing({ syscall: 'read', message: 'read ECONNRESET' })]],
    [true, 'a connection cut, then none', [failing({ syscall: 'read' }), failing(unconnected)]],
    [true, 'one address that took it', [failing({ errors: [unconnected, { syscall: 'read' }] })]],
    [true, 'a runtime that does not tell', [() => Promise.reject(new TypeError('fetch failed'))]],
    [true, '503', [answering(503)]],
    [true, '503, then a wrong key', [answering(503), answering(401)]],
    [true, '202 without results', [answering(202)]],
    [false, 'a wrong key', [answering(401)]],
  ])('%s: %s', async (mayBePublished, _, responds) => {
    const { publisher, clock, called } = publisherTo(
      (call, at) => (responds[at - 1] ?? failing(unconnected))(call, at),
      { giveUpAfterMs: 101 * responds.length - 100 },
    );
    const outcome = publisher.publish(note(1)).catch((error: unknown) => error);
    void publisher.flush();
    for (let at = 1; at <= responds.length; at++) {
      await called(at);
      await untilTrue(() => clock.timers === (at === responds.length ? 0 : 1));
      await clock.advance(100);
    }
    expect(await outcome).toMatchObject({ name: 'PublishError', mayBePublished });
  });
});
