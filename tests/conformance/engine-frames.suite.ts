import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/core/ports/engine.ts';
import { MAX_PAYLOAD_BYTES } from '../../src/protocol/events.ts';
import {
  append,
  eventually,
  freshKey,
  freshUser,
  jsonOf,
  newEvent,
  progressOf,
  Recorder,
  textOf,
} from '../support/engine-events.ts';
import type { PresentRig } from './engine.suite.ts';

const largest = 'x'.repeat(MAX_PAYLOAD_BYTES - '{"message":""}'.length);

const messages: [name: string, message: string][] = [
  ['nothing', ''],
  ['quotes and backslashes', '"\\"\\\\" {"a":"b"} \'`'],
  ['line breaks and control characters', 'a\r\nb\tc\u0000d\u001f\u007f\u2028\u2029'],
  ['scripts, accents and emoji', 'Zürich 東京 العربية e\u0301 👩‍👩‍👧‍👦 \ufeff'],
  ['half a surrogate pair', 'a\ud83db'],
  [
    'what Lua patterns, formats and our own record mean something by',
    '%s %1 %d %% ~ \n~ 7 normal NOTE a b\n{',
  ],
  ['numbers beyond what floats hold', '9007199254740993 1e400'],
  ['64 KiB', largest],
];

export function framesSuite(rig: PresentRig): void {
  /** The record of one persisted event, as the log and as the hand-over give it. */
  async function recordsOf(fields: Record<string, unknown>): Promise<EventRecord[]> {
    const engine = await rig().engine();
    const recorder = new Recorder(engine);
    const user = freshUser();
    await engine.handover.subscribe(user);
    await append(engine, user, fields);
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
    return [...(await engine.streams.read(user, 0)).records, ...recorder.of(user)];
  }

  test('a persisted event is framed as the contract says (§4)', async () => {
    const records = await recordsOf({
      event_type: 'AGENT_STATUS_CHANGED',
      project_id: 'p-1',
      payload: { old_status: 'working', new_status: 'failed', task_id: 't-1' },
    });
    expect(records.map(textOf)).toEqual(
      Array(2).fill(
        '{"type":"AGENT_STATUS_CHANGED","timestamp":"2026-01-08T12:00:00.000Z","sequence_id":1,"payload":' +
          '{"agent_id":"a-1","project_id":"p-1","old_status":"working","new_status":"failed","task_id":"t-1"}}',
      ),
    );
  });

  test('its header says what filters and positions need', async () => {
    const [logged, handedOver] = await recordsOf({
      event_type: 'AGENT_STATUS_CHANGED',
      agent_id: 'a.b:c_d-e',
      project_id: 'p:1',
      payload: { old_status: 'working', new_status: 'failed', task_id: 't.1' },
    });
    expect(logged?.header).toEqual({
      eventType: 'AGENT_STATUS_CHANGED',
      agentId: 'a.b:c_d-e',
      projectId: 'p:1',
      taskId: 't.1',
      priority: 'critical',
      position: { epoch: expect.any(String), sequenceId: 1 },
      endsTask: true,
    });
    expect(handedOver?.header).toEqual(logged?.header);
  });

  test.each(['critical', 'high', 'normal', 'low'])(
    'an event without project and task, %s',
    async (priority) => {
      const [logged, handedOver] = await recordsOf({ priority });
      expect(logged?.header).toMatchObject({ projectId: null, taskId: null, priority });
      expect(handedOver?.header).toEqual(logged?.header);
    },
  );

  test.each(messages)('a payload comes through byte for byte: %s', async (_, message) => {
    const { head, tail } = newEvent('u', { payload: { message } }).frame;
    const records = await recordsOf({ payload: { message } });
    expect(records.map((record) => textOf(record) === `${head}1${tail}`)).toEqual([true, true]);
    expect(jsonOf(records[0])).toMatchObject({ type: 'NOTE', sequence_id: 1, payload: { message } });
  });

  test('an ephemeral event is handed over without a sequence id', async () => {
    const engine = await rig().engine();
    const recorder = new Recorder(engine);
    const user = freshUser();
    await engine.handover.subscribe(user);
    await engine.streams.append(progressOf(user, 3), freshKey());
    await eventually(() => expect(recorder.of(user)).toHaveLength(1));
    const [record] = recorder.of(user);
    expect(Object.keys(jsonOf(record))).toEqual(['type', 'timestamp', 'payload']);
    expect(jsonOf(record).payload).toMatchObject({ task_id: 't-1', current_step: 3 });
    expect(record?.header).toEqual({
      eventType: 'PROGRESS_UPDATE',
      agentId: 'a-1',
      projectId: null,
      taskId: 't-1',
      priority: 'low',
      position: null,
      progress: { run: expect.any(Number), update: 1, step: 3, total: 10 },
    });
  });
}
