import { describe, expect, it } from 'vitest';
import type { ConnectRequest } from '../../../src/protocol/connect-request.ts';
import { parseConnectRequest } from '../../../src/protocol/connect-request.ts';
import { NO_FILTERS } from '../../../src/protocol/filters.ts';

const parse = (query: string) => parseConnectRequest(new URLSearchParams(query));

function requestOf(query: string): ConnectRequest {
  const result = parse(query);
  if (result.kind === 'faults') throw new Error(JSON.stringify(result.faults));
  return result.request;
}

function faultsOf(query: string): string[] {
  const result = parse(query);
  return result.kind === 'faults' ? result.faults.map(({ path, detail }) => `${path}: ${detail}`) : [];
}

const listOf = (count: number): string => Array.from({ length: count }, (_, index) => `a-${index}`).join(',');

describe('the query of GET /ws/agents', () => {
  it('without parameters asks for the whole window of everything', () => {
    expect(requestOf('')).toEqual({
      filters: NO_FILTERS,
      resumeFrom: { kind: 'after', sequenceId: 0, epoch: null },
    });
  });

  it('names filters by lists', () => {
    expect(
      requestOf('agent_ids=a-1,a-2&project_ids=p-1&event_types=NOTE,AGENT_STATUS_CHANGED').filters,
    ).toEqual({
      agent_ids: ['a-1', 'a-2'],
      project_ids: ['p-1'],
      event_types: ['NOTE', 'AGENT_STATUS_CHANGED'],
    });
  });

  it('names the place to go on from', () => {
    expect(requestOf('last_sequence_id=41&epoch=e-1').resumeFrom).toEqual({
      kind: 'after',
      sequenceId: 41,
      epoch: 'e-1',
    });
    expect(requestOf(`last_sequence_id=${Number.MAX_SAFE_INTEGER}`).resumeFrom).toMatchObject({
      sequenceId: Number.MAX_SAFE_INTEGER,
    });
    expect(requestOf('last_sequence_id=latest&epoch=e-1').resumeFrom).toEqual({ kind: 'latest' });
  });

  it('may hold a token, which is not looked at', () => {
    expect(requestOf('token=anything')).toEqual(requestOf(''));
  });

  it.each(['-1', '+1', '1.5', '1e3', '0x1', '', ' 1', 'LATEST', '9007199254740992', '99999999999999999999'])(
    'refuses last_sequence_id %j',
    (value) => {
      expect(faultsOf(`last_sequence_id=${encodeURIComponent(value)}`)).toEqual([
        `last_sequence_id: got ${JSON.stringify(value)}, wanted an integer from 0 to 9007199254740991, or latest`,
      ]);
    },
  );

  it('takes at most 50 values a filter', () => {
    expect(requestOf(`agent_ids=${listOf(50)}`).filters.agent_ids).toHaveLength(50);
    expect(faultsOf(`agent_ids=${listOf(51)}`)).toEqual(['agent_ids: got 51 values, wanted at most 50']);
  });

  it('says no more than that of too many values, however wrong they are', () => {
    expect(faultsOf(`agent_ids=${'!,'.repeat(5_000)}`)).toEqual([
      'agent_ids: got 5001 values, wanted at most 50',
    ]);
  });

  it.each([
    'agent_ids=',
    'agent_ids=a-1,',
    'agent_ids=a%20b',
    `project_ids=${'p'.repeat(129)}`,
    'event_types=note',
  ])('refuses %s', (query) => {
    expect(faultsOf(query)).toHaveLength(1);
  });

  it('refuses an epoch that cannot be one', () => {
    expect(faultsOf('epoch=')).toEqual(['epoch: got 0 characters, wanted 1 to 128']);
    expect(faultsOf(`epoch=${'e'.repeat(129)}`)).toEqual(['epoch: got 129 characters, wanted 1 to 128']);
    expect(requestOf(`epoch=${'e'.repeat(128)}`).resumeFrom).toMatchObject({ sequenceId: 0 });
  });

  it('refuses parameters that it does not know, and shows no more of a long name than is needed', () => {
    expect(faultsOf('agent_id=a-1')).toEqual([
      'agent_id: unknown parameter, wanted one of token, agent_ids, project_ids, event_types, last_sequence_id, epoch',
    ]);
    expect(faultsOf(`${'x'.repeat(500)}=1`)[0]?.split(':')[0]).toBe(`${'x'.repeat(60)}…`);
  });

  it('names twenty faults, and how many more there are', () => {
    const query = Array.from({ length: 4_000 }, (_, index) => `x${index}`).join('&');
    const faults = faultsOf(query);
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)).toBe(': and 3980 more');
    expect(faultsOf(`agent_ids=${'!,'.repeat(19)}!`)).toHaveLength(20);
  });

  it('refuses a parameter that is given twice', () => {
    expect(faultsOf('agent_ids=a-1&agent_ids=a-2')).toEqual(['agent_ids: given more than once']);
  });

  it('names every fault', () => {
    const faults = faultsOf('agent_ids=!,a-1,?&event_types=note&last_sequence_id=x&epoch=&color=red');
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual(
      ['agent_ids.0', 'agent_ids.2', 'color', 'epoch', 'event_types.0', 'last_sequence_id'].sort(),
    );
  });
});
