import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../../src/protocol/events.ts';
import { PRIORITIES, parseEvent, STATUSES } from '../../../src/protocol/events.ts';
import { SERVER_TYPES } from '../../../src/protocol/server-types.ts';

const NOTE = { event_type: 'NOTE', user_id: 'u-1', agent_id: 'a-1', payload: {} };
const STATUS = {
  ...NOTE,
  event_type: 'AGENT_STATUS_CHANGED',
  payload: { old_status: 'idle', new_status: 'working' },
};
const PROGRESS = {
  ...NOTE,
  event_type: 'PROGRESS_UPDATE',
  payload: { task_id: 't-1', current_step: 1, total_steps: 3 },
};

function eventOf(input: unknown): AgentEvent {
  const result = parseEvent(input);
  if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults));
  return result.event;
}

function faultsOf(input: unknown, path?: string): string[] {
  const result = parseEvent(input, path);
  return result.kind === 'faults' ? result.faults.map(({ path, detail }) => `${path}: ${detail}`) : [];
}

const status = (new_status: string) => ({ ...STATUS, payload: { old_status: 'idle', new_status } });

describe('an event', () => {
  it('is read with all that it has', () => {
    const payload = {
      old_status: 'working',
      new_status: 'failed',
      task_id: 't-1',
      progress: 40.5,
      message: 'größer',
    };
    expect(eventOf({ ...STATUS, project_id: 'p-1', priority: 'low', payload })).toEqual({
      eventType: 'AGENT_STATUS_CHANGED',
      userId: 'u-1',
      agentId: 'a-1',
      projectId: 'p-1',
      taskId: 't-1',
      priority: 'low',
      ephemeral: false,
      payload,
    });
  });

  it('needs neither project nor task', () => {
    expect(eventOf(NOTE)).toMatchObject({ projectId: null, taskId: null });
    expect(eventOf({ ...NOTE, project_id: null, payload: { task_id: 7 } })).toMatchObject({
      projectId: null,
      taskId: null,
    });
  });

  it('of progress, and only it, is ephemeral', () => {
    expect([PROGRESS, STATUS, NOTE].map((input) => eventOf(input).ephemeral)).toEqual([true, false, false]);
  });

  it.each([
    [status('idle'), 'normal'],
    [status('working'), 'normal'],
    [status('stuck'), 'high'],
    [status('failed'), 'critical'],
    [status('completed'), 'high'],
    [status('cancelled'), 'high'],
    [PROGRESS, 'low'],
    [NOTE, 'normal'],
    [{ ...NOTE, payload: { new_status: 'failed' } }, 'normal'],
  ])('%j is %s by default', (input, priority) => {
    expect(eventOf(input).priority).toBe(priority);
  });

  it('has the priority that it is given', () => {
    for (const priority of PRIORITIES)
      expect(eventOf({ ...status('failed'), priority }).priority).toBe(priority);
  });

  it('may change between any two statuses', () => {
    for (const old_status of STATUSES) {
      for (const new_status of STATUSES)
        expect(eventOf({ ...STATUS, payload: { old_status, new_status } })).toBeTruthy();
    }
  });

  it('of a type of its own carries any JSON object as it is', () => {
    const payload = JSON.parse(
      '{"a":[1,{"b":null}],"constructor":1,"__proto__":{"c":2},"prototype":3,"task_id":"t-1","event_type":"X"}',
    );
    expect(JSON.stringify(eventOf({ ...NOTE, payload }).payload)).toBe(JSON.stringify(payload));
    expect(eventOf({ ...NOTE, payload }).taskId).toBe('t-1');
  });

  it('of a type of ours keeps the fields that the contract does not name', () => {
    const payload = { ...STATUS.payload, branch: 'main', __constructor: 1 };
    expect(eventOf({ ...STATUS, payload }).payload).toEqual(payload);
  });
});

it.each(['two words', 'line\nfeed', 't-1 end', '~', '', 'x'.repeat(129)])(
  'a type of the platform’s own may call something else task_id: %j is no task',
  (task_id) => {
    const event = eventOf({ ...NOTE, payload: { task_id } });
    expect(event.taskId).toBeNull();
    expect(event.payload).toEqual({ task_id });
  },
);

describe('the faults of an event', () => {
  const ID = '1 to 128 characters of A-Z a-z 0-9 _ . : -';
  const STATUS_WANTED = 'wanted idle, working, stuck, failed, completed, cancelled';

  it.each<[string, unknown, string[]]>([
    ['null', null, [': got null, wanted an object']],
    ['a number', 7, [': got 7, wanted an object']],
    ['a list', [NOTE], [': got a list, wanted an object']],
    ['nothing', {}, ['event_type: missing', 'user_id: missing', 'agent_id: missing', 'payload: missing']],
    ['an unknown field', { ...NOTE, color: 1 }, ['color: unknown field']],
    [
      'an event type',
      { ...NOTE, event_type: 'note' },
      ['event_type: got "note", wanted an upper-case letter, then at most 63 of A-Z 0-9 _'],
    ],
    [
      'a user',
      { ...NOTE, user_id: 'a{b}' },
      [`user_id: got "a{b}", wanted ${ID.replace(': -', ': @ | + -')}`],
    ],
    ['an agent', { ...NOTE, agent_id: 7 }, [`agent_id: got 7, wanted ${ID}`]],
    ['a project', { ...NOTE, project_id: '' }, [`project_id: got "", wanted ${ID}`]],
    [
      'a priority',
      { ...NOTE, priority: 'urgent' },
      ['priority: got "urgent", wanted critical, high, normal, low'],
    ],
    ['a payload that is none', { ...NOTE, payload: 'x' }, ['payload: got "x", wanted an object']],
    ['a payload that is null', { ...NOTE, payload: null }, ['payload: got null, wanted an object']],
    ['a payload that is a list', { ...NOTE, payload: [] }, ['payload: got a list, wanted an object']],
    [
      'a status',
      { ...STATUS, payload: { old_status: 'asleep', new_status: 7 } },
      [`payload.old_status: got "asleep", ${STATUS_WANTED}`, `payload.new_status: got 7, ${STATUS_WANTED}`],
    ],
    ['no status', { ...STATUS, payload: { old_status: 'idle' } }, ['payload.new_status: missing']],
    [
      'what stands beside a status',
      { ...STATUS, payload: { ...STATUS.payload, task_id: '!', progress: 100.5, message: 7 } },
      [
        `payload.task_id: got "!", wanted ${ID}`,
        'payload.progress: got 100.5, wanted at most 100',
        'payload.message: got 7, wanted a string',
      ],
    ],
    [
      'progress',
      { ...PROGRESS, payload: { current_step: -1, total_steps: 0, progress_percent: '5' } },
      [
        'payload.task_id: missing',
        'payload.current_step: got -1, wanted at least 0',
        'payload.total_steps: got 0, wanted at least 1',
        'payload.progress_percent: got "5", wanted a number',
      ],
    ],
    [
      'half a step',
      { ...PROGRESS, payload: { ...PROGRESS.payload, current_step: 1.5 } },
      ['payload.current_step: got 1.5, wanted an integer'],
    ],
    [
      'more steps than there are',
      { ...PROGRESS, payload: { ...PROGRESS.payload, current_step: 4 } },
      ['payload.current_step: got 4, wanted at most total_steps (3)'],
    ],
  ])('%s', (_, input, faults) => {
    expect(faultsOf(input)).toEqual(faults);
  });

  it.each(SERVER_TYPES)('are named where a worker would say %s, which is the word of the server', (type) => {
    expect(faultsOf({ ...STATUS, event_type: type })).toEqual([
      `event_type: got "${type}", which only the server says, wanted another type`,
    ]);
  });

  it('are all named at once, those of the payload too', () => {
    const input = { ...STATUS, agent_id: '!', payload: { old_status: 'asleep', new_status: 'idle' } };
    expect(faultsOf(input).map((fault) => fault.split(':')[0])).toEqual(['agent_id', 'payload.old_status']);
  });

  it('stand under the path of the event in its batch', () => {
    expect(
      faultsOf({ ...STATUS, agent_id: '!', payload: {} }, 'events.3').map((fault) => fault.split(':')[0]),
    ).toEqual(['events.3.agent_id', 'events.3.payload.old_status', 'events.3.payload.new_status']);
    expect(faultsOf(null, 'events.3')).toEqual(['events.3: got null, wanted an object']);
  });

  it('repeat no more of what was sent than is needed', () => {
    const long = 'x'.repeat(100_000);
    const faults = faultsOf({ ...NOTE, agent_id: long, priority: long, [long]: 1 });
    expect(faults).toHaveLength(3);
    expect(Math.max(...faults.map((fault) => fault.length))).toBeLessThan(200);
  });
});
