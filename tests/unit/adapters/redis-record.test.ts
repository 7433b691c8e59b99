import { describe, expect, test } from 'vitest';
import { decodeRecord, decodeRecords, labelsOf } from '../../../src/adapters/redis/record.ts';
import { newEvent, progressOf, textOf } from '../../support/engine-events.ts';

const epoch = '0123456789abcdef01234567';
const encode = (start: string, frame: string): Buffer => Buffer.from(`${start}\n${frame}`);

describe('an event as Redis keeps it', () => {
  test('labels and position are read without touching the frame', () => {
    const event = newEvent('u-1', { agent_id: 'a:1', project_id: 'p.1', payload: { task_id: 't-1' } });
    const bytes = encode(`${epoch} 42 ${labelsOf(event)}`, '{"a":"line\\n~ ü"}');
    const record = decodeRecord(bytes);
    expect(record?.header).toEqual({
      agentId: 'a:1',
      projectId: 'p.1',
      taskId: 't-1',
      eventType: 'NOTE',
      priority: 'normal',
      position: { epoch, sequenceId: 42 },
    });
    expect(textOf(record ?? undefined)).toBe('{"a":"line\\n~ ü"}');
    expect(record?.frame.buffer).toBe(bytes.buffer);
  });

  test('of many in one piece, what is none of ours takes no other along', () => {
    const labels = labelsOf(newEvent('u-1'));
    const all = [
      `${epoch} 1 ${labels}\n{"a":"ü"}`,
      'not of ours',
      'nor\nthis',
      `${epoch} 2 ${labels}\n{}`,
      '',
    ];
    const bytes = Buffer.concat(all.map((text) => Buffer.from(`${Buffer.byteLength(text)}\n${text}`)));
    const records = decodeRecords(bytes);
    expect(records.map(({ header }) => header.position?.sequenceId)).toEqual([1, 2]);
    expect(records.map(textOf)).toEqual(['{"a":"ü"}', '{}']);
    expect(decodeRecords(Buffer.alloc(0))).toEqual([]);
  });

  test('what an event does not have is null', () => {
    const record = decodeRecord(encode(`${epoch} 1 ${labelsOf(newEvent('u-1'))}`, '{}'));
    expect(record?.header).toMatchObject({ projectId: null, taskId: null });
    expect(record?.header).not.toHaveProperty('progress');
  });

  test('an ephemeral event has a place in its task instead of one in the stream', () => {
    const bytes = encode(`${epoch} ~ ${labelsOf(progressOf('u-1'))} 1767873600000 2 3 10`, '{}');
    expect(decodeRecord(bytes)?.header).toMatchObject({
      position: null,
      progress: { run: 1_767_873_600_000, update: 2, step: 3, total: 10 },
    });
  });

  test('an ephemeral event, which is kept while its task is silent, keeps no other bytes with it', () => {
    const bytes = encode(`${epoch} ~ ${labelsOf(progressOf('u-1'))} 1767873600000 2 3 10`, '{"a":"ü"}');
    const record = decodeRecord(bytes);
    expect(textOf(record ?? undefined)).toBe('{"a":"ü"}');
    expect(record?.frame.buffer.byteLength).toBe(record?.frame.length);
  });

  test('the largest sequence id that a number can hold is read exactly', () => {
    const record = decodeRecord(encode(`${epoch} 9007199254740991 ${labelsOf(progressOf('u-1'))}`, '{}'));
    expect(record?.header.position?.sequenceId).toBe(Number.MAX_SAFE_INTEGER);
  });

  const update = `${epoch} ~ ${labelsOf(progressOf('u-1'))}`;

  test.each([
    '',
    '{}',
    'no line feed',
    '\n{}',
    `${epoch}\n{}`,
    `${epoch} 1 normal NOTE a-1 ~\n{}`,
    `${epoch} 1 urgent NOTE a-1 ~ ~\n{}`,
    `${epoch} 0 normal NOTE a-1 ~ ~\n{}`,
    `${epoch} 1.5 normal NOTE a-1 ~ ~\n{}`,
    `${epoch} x normal NOTE a-1 ~ ~\n{}`,
    `${update}\n{}`,
    `${update} 1 2 3\n{}`,
    `${update} 1 2 3 x\n{}`,
    `${update} 1 2 3.5 4\n{}`,
    `${update} 1 2 3 1e400\n{}`,
  ])('what no script of ours has written is no event: %j', (text) => {
    expect(decodeRecord(Buffer.from(text))).toBeNull();
  });
});
