import { describe, expect, it } from 'vitest';
import { EngineUnavailable } from '../../../src/core/ports/engine.ts';
import type { Span, SpanFields, Tracing } from '../../../src/core/ports/tracing.ts';
import { aloneInstance, eventOf } from '../../support/test-instance.ts';
import { LATEST } from './delivery-rig.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const WORKER = `00-${TRACE}-00f067aa0ba902b7-01`;

type Recorded = { name: string; parent: string; fields: SpanFields; ended: string | boolean };

/** Spans that a test can read; each is called by its number. */
function recordingTracing() {
  const spans: Recorded[] = [];
  const tracing: Tracing = {
    begin(name, parent, fields): Span {
      const of = parent === null ? 'nothing' : typeof parent === 'string' ? parent : parent.traceparent;
      const recorded: Recorded = { name, parent: of, fields, ended: false };
      const traceparent = `00-${TRACE}-${String(spans.push(recorded)).padStart(16, '0')}-01`;
      return {
        traceparent,
        set: (more) => void Object.assign(recorded, { fields: { ...recorded.fields, ...more } }),
        end: (fault) => void Object.assign(recorded, { ended: fault ?? true }),
      };
    },
  };
  return { tracing, spans };
}

const span = (n: number) => `00-${TRACE}-${String(n).padStart(16, '0')}-01`;

function rig(tracing: Tracing | null = null) {
  const instance = aloneInstance({}, tracing);
  const publish = (traceparent: string | null, fields: readonly object[] = [{}], id = 'm-1') =>
    instance.core.routes.publisher.publish({
      key: { service: 'worker', id },
      bodyHash: id,
      events: fields.map((one) => eventOf({ ...one })),
      traceparent,
    });
  return { instance, publish };
}

describe('without tracing', () => {
  it("a message carries its worker's traceparent as it came, live and from the log; others carry none", async () => {
    const { instance, publish } = rig();
    const live = await instance.connect(LATEST);
    await publish(WORKER);
    await publish(null, [{}], 'm-2');
    await instance.clock.settle();
    const replayed = await instance.connect();
    for (const socket of [live, replayed]) {
      const [traced, other] = socket.of('NOTE');
      expect(traced).toMatchObject({ sequence_id: 1, traceparent: WORKER });
      expect(other).not.toHaveProperty('traceparent');
    }
  });

  it('merged progress carries that of its newest update', async () => {
    const { instance, publish } = rig();
    const socket = await instance.connect(LATEST);
    const update = (current_step: number) => ({
      event_type: 'PROGRESS_UPDATE',
      payload: { task_id: 't-1', current_step, total_steps: 9 },
    });
    await publish(null, [update(1)], 'm-1');
    await publish(null, [update(2)], 'm-2');
    await publish(WORKER, [update(3)], 'm-3');
    await instance.clock.advance(1_000);
    expect(socket.of('PROGRESS_UPDATE').at(-1)).toMatchObject({
      payload: { merged: 2 },
      traceparent: WORKER,
    });
  });
});

describe('with tracing', () => {
  it('a publish, each append and one delivery for all connections are parts of the trace', async () => {
    const { tracing, spans } = recordingTracing();
    const { instance, publish } = rig(tracing);
    const socket = await instance.connect(LATEST);
    await instance.connect(LATEST);
    await publish(WORKER);
    expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
      ['publish', WORKER],
      ['append', span(1)],
      ['deliver', span(2)],
    ]);
    await instance.clock.settle();
    expect(spans.map(({ ended }) => ended)).toEqual([true, true, true]);
    expect(spans[0]?.fields).toMatchObject({ service: 'worker', webhook_id: 'm-1', events: 1 });
    expect(spans[1]?.fields).toMatchObject({ event_type: 'NOTE', sequence_id: 1, duplicate: false });
    expect(spans[2]?.fields).toMatchObject({ connections: 2, sequence_id: 1 });
    expect(socket.of('NOTE')[0]).toMatchObject({ traceparent: span(2) });
  });

  it('the delivery ends when the sockets have got the event, not before', async () => {
    const { tracing, spans } = recordingTracing();
    const { instance, publish } = rig(tracing);
    const socket = await instance.connect(LATEST);
    const seen: unknown[] = [];
    const { send } = socket;
    socket.send = (frames) => {
      seen.push(spans.find(({ name }) => name === 'deliver')?.ended);
      send.call(socket, frames);
    };
    await publish(WORKER);
    await instance.clock.settle();
    expect(seen).toEqual([false]);
  });

  it('a worker that traces nothing has a trace of its own begun, of which clients hear nothing', async () => {
    const { tracing, spans } = recordingTracing();
    const { instance, publish } = rig(tracing);
    const socket = await instance.connect(LATEST);
    await publish(null, [{}, {}]);
    await instance.clock.settle();
    expect(spans.map(({ name, parent }) => [name, parent])).toEqual([
      ['publish', 'nothing'],
      ['append', span(1)],
      ['append', span(1)],
    ]);
    expect(socket.of('NOTE')[0]).not.toHaveProperty('traceparent');
  });

  it('says what failed', async () => {
    const { tracing, spans } = recordingTracing();
    const { instance, publish } = rig(tracing);
    instance.engine.losesAnswers = (what) => what === 'append';
    await publish(WORKER);
    // The worker gets a 503: the request failed, not one event of it alone.
    expect(spans.map(({ ended }) => ended)).toEqual(['the answer was lost', 'the answer was lost']);
    instance.engine.isAway = true;
    await expect(publish(WORKER, [{}], 'm-2')).rejects.toThrow(EngineUnavailable);
    expect(spans[2]?.ended).toContain('the engine is away');
  });
});
