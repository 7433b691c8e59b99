import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { streamQuery } from '../../../src/cli/tail/stream-query.ts';
import { tokenSource } from '../../../src/cli/tail/token-source.ts';

describe('the query of a stream', () => {
  test.each([
    [{ from: 'latest' }, 'last_sequence_id=latest'],
    [{ from: 'all', agent: 'a,b' }, 'agent_ids=a%2Cb&last_sequence_id=0'],
    [
      { from: '41', epoch: 'e1', type: 'NOTE', project: 'p' },
      'project_ids=p&event_types=NOTE&last_sequence_id=41&epoch=e1',
    ],
  ])('%j', (flags, query) => {
    expect(streamQuery(flags).toString()).toBe(query);
  });

  test('names every fault by its flag', () => {
    expect(() => streamQuery({ from: 'now', agent: 'a b', type: 'note' })).toThrow(
      /--agent: got "a b".*--type: got "note".*--from: got "now"/s,
    );
    expect(() => streamQuery({ from: 'all', epoch: 'e1' })).toThrow('--epoch: got one without a number');
  });
});

describe('the token', () => {
  const tokenOf = (sub: string) =>
    new SignJWT({ sub }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32));

  test('of AGENTCAST_TOKEN is taken as it is, before a secret', async () => {
    expect(tokenSource({ AGENTCAST_TOKEN: ' abc ', JWT_SECRET: 's' }, {})).toEqual({ token: 'abc' });
  });

  test('of another user is refused', async () => {
    const AGENTCAST_TOKEN = await tokenOf('u-1');
    expect(() => tokenSource({ AGENTCAST_TOKEN }, { user: 'u-2' })).toThrow(
      '--user: got u-2, but AGENTCAST_TOKEN is of "u-1"',
    );
    expect(tokenSource({ AGENTCAST_TOKEN }, { user: 'u-1' })).toEqual({ token: AGENTCAST_TOKEN });
  });

  test('is made for --user where there is a secret', async () => {
    const source = tokenSource({ JWT_SECRET: 'secret' }, { user: 'u-1' });
    expect('getToken' in source && (await source.getToken())).toMatch(/^eyJ/);
    expect(() => tokenSource({ JWT_SECRET: 'secret' }, {})).toThrow('got no --user');
  });
});
