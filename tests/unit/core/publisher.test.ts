import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import type { PublishResult } from '../../../src/core/publisher.ts';
import type { TestInstance } from '../../support/test-instance.ts';
import { aloneInstance, eventOf, TestCluster } from '../../support/test-instance.ts';

const MINUTE = 60_000;

/** Publishes one request; the body is what the events are, unless another is named. */
function publish(
  { core }: TestInstance,
  id: string,
  events: object[],
  body = JSON.stringify(events),
): Promise<PublishResult> {
  const key = { service: 'worker', id };
  return core.routes.publisher.publish({
    key,
    bodyHash: body,
    events: events.map((fields) => eventOf({ ...fields })),
  });
}

function resultsOf(result: PublishResult) {
  if (result.kind === 'conflict') throw new Error('conflict');
  return result.results;
}

const PROGRESS = {
  event_type: 'PROGRESS_UPDATE',
  payload: { task_id: 't-1', current_step: 1, total_steps: 2 },
};

describe('publishing', () => {
  it('answers every event in order, with dense sequence ids for each user', async () => {
    const instance = aloneInstance();
    const results = resultsOf(await publish(instance, 'm-1', [{}, { user_id: 'u-2' }, PROGRESS, {}]));
    expect(results).toMatchObject([
      { sequenceId: 1 },
      { sequenceId: 1 },
      { sequenceId: null },
      { sequenceId: 2 },
    ]);
    const [first, other, progress, last] = results as readonly { epoch: string }[];
    expect(first?.epoch).toBe(last?.epoch);
    expect(progress?.epoch).toBe(first?.epoch);
    expect(other?.epoch).not.toBe(first?.epoch);
  });

  it('is durable and handed over when it is answered, on every instance (G1)', async () => {
    const cluster = new TestCluster();
    const [one, other] = [cluster.instance('i-1'), cluster.instance('i-2')];
    const live = await other.connect({ query: 'last_sequence_id=latest' });
    await publish(one, 'm-1', [{}]);
    await cluster.clock.settle();
    expect(live.sequenceIds).toEqual([1]);
    expect((await other.connect()).sequenceIds).toEqual([1]);
  });

  it('says when the event was taken, by the wall clock', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    instance.clock.jumpWallClock(-86_400_000);
    await instance.publish();
    expect(socket.of('NOTE')[0]?.timestamp).toBe('2026-01-07T12:00:00.000Z');
  });
});

describe('the same request again', () => {
  it('gets the first answer, and publishes nothing', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    const first = resultsOf(await publish(instance, 'm-1', [{}, PROGRESS]));
    const again = resultsOf(await publish(instance, 'm-1', [{}, PROGRESS]));
    expect(again).toEqual(first.map((result) => ({ ...result, duplicate: true })));
    expect(first).toMatchObject([{ duplicate: false }, { duplicate: false }]);
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1]);
    expect(socket.of('PROGRESS_UPDATE')).toHaveLength(1);
  });

  it('is known for ten minutes, and then taken anew', async () => {
    const instance = aloneInstance();
    await publish(instance, 'm-1', [{}]);
    await instance.clock.advance(10 * MINUTE - 1);
    expect(resultsOf(await publish(instance, 'm-1', [{}]))).toMatchObject([
      { sequenceId: 1, duplicate: true },
    ]);
    await instance.clock.advance(1);
    expect(resultsOf(await publish(instance, 'm-1', [{}]))).toMatchObject([
      { sequenceId: 2, duplicate: false },
    ]);
  });

  it('with another body is a conflict, and publishes nothing', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    await publish(instance, 'm-1', [{}]);
    expect(await publish(instance, 'm-1', [{ agent_id: 'a-2' }])).toEqual({ kind: 'conflict' });
    await instance.clock.settle();
    expect(socket.sequenceIds).toEqual([1]);
  });

  it('of another service is another request', async () => {
    const instance = aloneInstance();
    await publish(instance, 'm-1', [{}]);
    const result = await instance.core.routes.publisher.publish({
      key: { service: 'other', id: 'm-1' },
      bodyHash: 'another',
      events: [eventOf()],
    });
    expect(resultsOf(result)).toMatchObject([{ sequenceId: 2, duplicate: false }]);
  });
});

describe('an engine that fails', () => {
  it('before anything was taken rejects, and takes nothing', async () => {
    const instance = aloneInstance();
    instance.engine.isAway = true;
    await expect(publish(instance, 'm-1', [{}])).rejects.toThrow(EngineUnavailable);
    instance.engine.isAway = false;
    expect(resultsOf(await publish(instance, 'm-1', [{}]))).toMatchObject([
      { sequenceId: 1, duplicate: false },
    ]);
  });

  it('midway answers each event for itself, and sending again completes it without doubles', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    const events = [{ payload: { n: 1 } }, { payload: { n: 2 } }, { payload: { n: 3 } }];
    let asked = 0;
    instance.engine.questionMs = (what) => {
      if (what === 'append' && ++asked === 2) throw new EngineUnavailable('away');
      return 0;
    };
    const results = resultsOf(await publish(instance, 'm-1', events));
    expect(results.map((result) => result instanceof EngineUnavailable)).toEqual([false, true, false]);
    expect(resultsOf(await publish(instance, 'm-1', events))).toMatchObject([
      { sequenceId: 1, duplicate: true },
      { sequenceId: 3, duplicate: false },
      { sequenceId: 2, duplicate: true },
    ]);
    await instance.clock.settle();
    expect(socket.of('NOTE').map(({ payload }) => payload.n)).toEqual([1, 3, 2]);
  });

  it('that took an event and lost the answer has it once', async () => {
    const instance = aloneInstance();
    instance.engine.losesAnswers = (what) => what === 'append';
    expect(resultsOf(await publish(instance, 'm-1', [{}]))).toEqual([expect.any(EngineUnavailable)]);
    instance.engine.losesAnswers = () => false;
    expect(resultsOf(await publish(instance, 'm-1', [{}]))).toMatchObject([
      { sequenceId: 1, duplicate: true },
    ]);
  });

  it('a fault of our own is not taken for one of the engine', async () => {
    const instance = aloneInstance();
    instance.engine.questionMs = (what) => {
      if (what === 'append') throw new TypeError('a fault of our own');
      return 0;
    };
    await expect(publish(instance, 'm-1', [{}])).rejects.toThrow(TypeError);
  });
});

describe('an engine that does not answer', () => {
  it('at claim, is an error after 1.5 s', async () => {
    const instance = aloneInstance();
    const release = instance.engine.hold('claim', 'answer');
    const publishing = expect(publish(instance, 'm-1', [{}])).rejects.toThrow(EngineUnavailable);
    await instance.clock.advance(1_500);
    await publishing;
    release();
  });

  it('at an append, is that item of the results; what was asked takes effect, and is not doubled', async () => {
    const instance = aloneInstance();
    const release = instance.engine.hold('append', 'answer');
    const publishing = publish(instance, 'm-1', [{}]);
    await instance.clock.advance(1_500);
    expect(resultsOf(await publishing)).toEqual([expect.any(EngineUnavailable)]);
    release();
    expect(resultsOf(await publish(instance, 'm-1', [{}]))).toMatchObject([
      { sequenceId: 1, duplicate: true },
    ]);
  });

  it('leaves no timer where it answers', async () => {
    const instance = aloneInstance();
    const before = instance.clock.timers;
    await publish(instance, 'm-1', [{}]);
    expect(instance.clock.timers).toBe(before);
  });
});
