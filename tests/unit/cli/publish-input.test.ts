import { describe, expect, test } from 'vitest';
import { batchesOf } from '../../../src/cli/publish/batches.ts';
import type { EventLine } from '../../../src/cli/publish/event-lines.ts';
import { eventLines, MAX_EVENTS_BYTES, refusalOf } from '../../../src/cli/publish/event-lines.ts';
import { flagEvent } from '../../../src/cli/publish/flag-event.ts';
import { inputLines } from '../../../src/cli/publish/input-lines.ts';

async function* chunksOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk as string);
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const event = (n: number): string =>
  JSON.stringify({ event_type: 'NUMBERED', user_id: 'u-1', agent_id: 'a-1', payload: { n } });

describe('lines of an input', () => {
  const linesOf = async (...chunks: (string | Uint8Array)[]) =>
    (await all(inputLines(chunksOf(...chunks), 10))).map(({ number, text, endsAt }) => [
      number,
      text,
      endsAt,
    ]);

  test('come whole over chunks that cut them, and characters, in two', async () => {
    const [head, tail] = [Buffer.from('ab→').subarray(0, 3), Buffer.from('ab→').subarray(3)];
    expect(await linesOf('one\ntw', 'o\n', head, tail, '\nend')).toEqual([
      [1, 'one', 4],
      [2, 'two', 8],
      [3, 'ab→', 14],
      [4, 'end', 17],
    ]);
  });

  test('no line for what follows the last line feed', async () => {
    expect(await linesOf('one\n')).toEqual([[1, 'one', 4]]);
    expect(await linesOf()).toEqual([]);
  });

  test('a line that is too long, or no UTF-8, has no text; the next one has', async () => {
    expect(await linesOf('0123456789\n01234', '56789a\nok\n', Uint8Array.of(0xff, 0x0a), 'ok')).toEqual([
      [1, '0123456789', 11],
      [2, null, 23],
      [3, 'ok', 26],
      [4, null, 28],
      [5, 'ok', 30],
    ]);
  });
});

describe('events of lines', () => {
  test('are passed on as they are; the others are named with their number and their faults', async () => {
    const refused: [number, string][] = [];
    const text = [event(1), '', 'nonsense', '  ', '{"event_type":"x"}', ` ${event(2)}\r`, '[]'].join('\n');
    const events = eventLines(inputLines(chunksOf(text), MAX_EVENTS_BYTES), {
      refused: (line, why) => refused.push([line, why]),
    });
    expect((await all(events)).map(({ line, json }) => [line, json])).toEqual([
      [1, event(1)],
      [6, event(2)],
    ]);
    expect(refused).toEqual([
      [3, 'got nonsense, wanted one event as JSON, all of it on this line'],
      [5, expect.stringMatching(/event_type: got "x".*user_id: missing.*agent_id: missing/)],
      [7, expect.stringContaining('wanted an object')],
    ]);
  });

  test('a payload over 64 KiB is refused here already', async () => {
    const refused: string[] = [];
    const large = JSON.stringify({ ...JSON.parse(event(1)), payload: { text: 'x'.repeat(64 * 1024) } });
    const events = eventLines(inputLines(chunksOf(large), MAX_EVENTS_BYTES), {
      refused: (_, why) => refused.push(why),
    });
    expect(await all(events)).toEqual([]);
    expect(refused).toEqual(['payload: got 65547 bytes of JSON, wanted at most 65536']);
  });

  test('a payload nested too deeply is refused like any other that is too large', () => {
    const deep = event(1).replace('{"n":1}', `{"n":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
    expect(refusalOf(deep)).toMatch(/^payload/);
  });
});

describe('batches', () => {
  const lineOf = (line: number, bytes = 100): EventLine => ({ line, json: '{}', bytes, endsAt: 0 });
  async function* eventsOf(...events: EventLine[]): AsyncGenerator<EventLine> {
    yield* events;
  }
  const linesIn = (batches: (readonly EventLine[])[]) =>
    batches.map((batch) => batch.map(({ line }) => line));

  test('hold 500 events', async () => {
    const events = Array.from({ length: 1_001 }, (_, index) => lineOf(index + 1));
    const batches = await all(batchesOf(eventsOf(...events), null));
    expect(batches.map((batch) => batch.length)).toEqual([500, 500, 1]);
    expect(batches.flat()).toEqual(events);
  });

  test('stay within what a body may hold', async () => {
    const third = Math.floor(MAX_EVENTS_BYTES / 3);
    const events = [1, 2, 3, 4].map((line) => lineOf(line, third));
    expect(linesIn(await all(batchesOf(eventsOf(...events), null)))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('of a pipe that falls silent do not wait for more', async () => {
    const batches: (readonly EventLine[])[] = [];
    let wasSent = (): void => {};
    const sent = new Promise<void>((resolve) => {
      wasSent = resolve;
    });
    async function* slow(): AsyncGenerator<EventLine> {
      yield lineOf(1);
      yield lineOf(2);
      await sent;
      yield lineOf(3);
    }
    for await (const batch of batchesOf(slow(), 5)) {
      batches.push(batch);
      wasSent();
    }
    expect(linesIn(batches)).toEqual([[1, 2], [3]]);
  });

  test('an input that breaks breaks them', async () => {
    async function* broken(): AsyncGenerator<EventLine> {
      yield lineOf(1);
      throw new Error('the disk is gone');
    }
    await expect(all(batchesOf(broken(), null))).rejects.toThrow('the disk is gone');
  });
});

describe('an event of flags', () => {
  const WHO = { user: 'u-1', agent: 'coder' };

  test.each([
    [
      { ...WHO, status: 'working' },
      { event_type: 'AGENT_STATUS_CHANGED', payload: { old_status: 'idle', new_status: 'working' } },
    ],
    [
      {
        ...WHO,
        status: 'failed',
        oldStatus: 'stuck',
        task: 't-1',
        progress: '40',
        message: 'no',
        priority: 'high',
      },
      {
        priority: 'high',
        payload: { old_status: 'stuck', new_status: 'failed', task_id: 't-1', progress: 40, message: 'no' },
      },
    ],
    [
      { ...WHO, step: '3', steps: '10', task: 't-1', project: 'p-1' },
      {
        event_type: 'PROGRESS_UPDATE',
        project_id: 'p-1',
        payload: { current_step: 3, total_steps: 10, task_id: 't-1' },
      },
    ],
    [
      { ...WHO, type: 'NOTE', payload: '{"a":[1],"message":"from JSON"}', message: 'from the flag' },
      { event_type: 'NOTE', payload: { a: [1], message: 'from the flag' } },
    ],
  ])('%j', (flags, wanted) => {
    expect(JSON.parse(flagEvent(flags).json)).toEqual({
      user_id: 'u-1',
      agent_id: 'coder',
      event_type: 'AGENT_STATUS_CHANGED',
      ...wanted,
    });
  });

  test.each([
    [{ ...WHO }, 'got no --type'],
    [{ type: 'NOTE' }, '(give --user and --agent)'],
    [{ ...WHO, type: 'note' }, 'event_type: got "note"'],
    [{ ...WHO, type: 'PING' }, 'which only the server says'],
    [{ ...WHO, status: 'broken' }, 'payload.new_status: got "broken", wanted idle, working'],
    [{ ...WHO, status: 'failed', type: 'NOTE' }, 'wanted --type AGENT_STATUS_CHANGED or none'],
    [{ ...WHO, status: 'failed', step: '1' }, 'got --status and --step'],
    [{ ...WHO, type: 'NOTE', oldStatus: 'idle' }, 'got --old-status, wanted --status beside it'],
    [{ ...WHO, step: '3' }, '(give --task and --steps)'],
    [{ ...WHO, type: 'PROGRESS_UPDATE' }, '(give --task, --step and --steps)'],
    [{ ...WHO, type: 'AGENT_STATUS_CHANGED' }, '(give --status)'],
    [{ ...WHO, step: 'three', steps: '4', task: 't' }, '--step: got "three", wanted a number'],
    [{ ...WHO, type: 'NOTE', payload: 'hello' }, '--payload: got hello, wanted a JSON object'],
    [{ ...WHO, type: 'NOTE', payload: '[1]' }, '--payload: got [1], wanted a JSON object'],
  ])('%j: %s', (flags, words) => {
    expect(() => flagEvent(flags)).toThrow(words);
  });
});
