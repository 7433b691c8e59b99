import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asyncApiDocument } from '../../../src/contracts/asyncapi.ts';
import { openApiDocument } from '../../../src/contracts/openapi.ts';
import { parseClientMessage } from '../../../src/protocol/client-messages.ts';
import { parseConnectRequest } from '../../../src/protocol/connect-request.ts';
import { parseEvent } from '../../../src/protocol/events.ts';
import { Judge } from '../../support/documented.ts';

// What the documents say and what the parsers take are one thing: each is asked about the same inputs, right and nearly right.
const http = new Judge(openApiDocument(), { isExact: false });
const socket = new Judge(asyncApiDocument(), { isExact: false });

const RUNS = { numRuns: 600 };
const absent: unknown = Symbol('absent');
const wrong = fc.constantFrom('', 'a b', 'x'.repeat(129), 7, -1, 1.5, true, {}, [], [1]);

/** Mostly one of these, sometimes absent or null, sometimes something wrong. */
const mostly = (...right: readonly fc.Arbitrary<unknown>[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...right) },
    { weight: 2, arbitrary: fc.constantFrom(absent, null) },
    { weight: 1, arbitrary: wrong },
  );

/** An object of these fields, without those that are absent, and sometimes with one more. */
const fieldsOf = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> =>
  fc
    .tuple(fc.record(fields), fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, fc.constant({ more: 1 })))
    .map(([known, more]) =>
      Object.fromEntries(Object.entries({ ...known, ...more }).filter(([, value]) => value !== absent)),
    );

const id = fc.constantFrom('a-1', 'A_b.c:D', 'x'.repeat(128));
const agentStatus = fc.constantFrom('idle', 'working', 'stuck', 'failed', 'completed', 'cancelled');
const step = fc.constantFrom(0, 1, 5);

const payload = fc.oneof(
  fieldsOf({
    old_status: mostly(agentStatus),
    new_status: mostly(agentStatus),
    task_id: mostly(id),
    progress: mostly(fc.constantFrom(0, 40.5, 100)),
  }),
  // More steps than there are is what no JSON Schema can say.
  fieldsOf({
    task_id: mostly(id),
    current_step: mostly(step),
    total_steps: mostly(fc.constantFrom(5, 10)),
    message: mostly(fc.constant('…')),
  }),
  fieldsOf({ n: fc.constantFrom(1, 'x', null, absent) }),
);
const event = fieldsOf({
  event_type: mostly(
    fc.constantFrom('AGENT_STATUS_CHANGED', 'PROGRESS_UPDATE', 'COST', 'A_1', 'CONNECTED', 'cost'),
  ),
  user_id: mostly(id, fc.constant('auth0|ada@example.com')),
  agent_id: mostly(id),
  project_id: mostly(id),
  priority: mostly(fc.constantFrom('critical', 'high', 'normal', 'low', absent)),
  payload: mostly(payload),
});

const list = mostly(
  fc.array(id, { maxLength: 3 }),
  fc.constantFrom(Array(50).fill('a'), Array(51).fill('a')),
);
const filters = {
  agent_ids: list,
  project_ids: list,
  event_types: mostly(fc.constantFrom(['COST'], ['cost'])),
};
const position = mostly(fc.constantFrom(0, 41, Number.MAX_SAFE_INTEGER));
const epoch = mostly(fc.constantFrom('e-1', 'x'.repeat(128)));
const message = fieldsOf({
  type: mostly(fc.constantFrom('PONG', 'PING', 'SUBSCRIBE', 'UNSUBSCRIBE', 'REPLAY', 'CONNECTED')),
  payload: mostly(
    fieldsOf({ last_sequence_id: position, epoch }),
    fieldsOf({ ...filters, last_sequence_id: position }),
    fieldsOf({ filters: mostly(fieldsOf(filters)), epoch }),
  ),
});

const listText = fc.constantFrom(
  'a',
  'a,b.c',
  'a,',
  ',',
  '',
  'a b',
  Array(50).fill('a').join(),
  Array(51).fill('a').join(),
);
const query = fieldsOf({
  agent_ids: fc.oneof(listText, fc.constant(absent)),
  event_types: fc.constantFrom('COST', 'COST,A_1', 'cost', absent),
  last_sequence_id: fc.constantFrom(
    '0',
    '41',
    'latest',
    '-1',
    '1.5',
    '9007199254740991',
    '9007199254740992',
    '',
    absent,
  ),
  epoch: fc.constantFrom('e-1', '', 'x'.repeat(128), 'x'.repeat(129), absent),
});

/** A query is text, of which a schema sees the values. */
function valuesOf(input: object): object {
  const position = 'last_sequence_id' in input ? String(input.last_sequence_id) : '';
  return /^\d+$/.test(position) ? { ...input, last_sequence_id: Number(position) } : input;
}

/** Fails unless both take some and refuse some, and the same. */
function expectAgreement<Input>(
  inputs: fc.Arbitrary<Input>,
  parses: (input: Input) => boolean,
  describes: (input: Input) => boolean,
) {
  const taken = new Set<boolean>();
  fc.assert(
    fc.property(inputs, (input) => {
      taken.add(parses(input));
      expect(describes(input)).toBe(parses(input));
    }),
    RUNS,
  );
  expect(taken.size).toBe(2);
}

describe('the documents describe what the parsers take', () => {
  it('of a published event', () => {
    expectAgreement(
      event,
      (input) => parseEvent(input).kind === 'event',
      (input) => http.fault('#/components/schemas/Event', input) === null,
    );
  });

  it('of a message of a client', () => {
    const names = ['PONG', 'PING', 'SUBSCRIBE', 'UNSUBSCRIBE', 'REPLAY'];
    expectAgreement(
      message,
      (input) => parseClientMessage(JSON.stringify(input)).kind === 'message',
      (input) =>
        names.some((name) => socket.fault(`#/components/schemas/frame.client.${name}`, input) === null),
    );
  });

  it('of the query of an upgrade', () => {
    expectAgreement(
      query,
      (input) => parseConnectRequest(new URLSearchParams(input as Record<string, string>)).kind === 'request',
      (input) => socket.fault('#/channels/agents/bindings/ws/query', valuesOf(input)) === null,
    );
  });
});
