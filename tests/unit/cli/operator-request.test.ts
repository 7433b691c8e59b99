import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { disconnectedText } from '../../../src/cli/disconnect.ts';
import { Failure } from '../../../src/cli/exit-status.ts';
import { readStatus } from '../../../src/cli/status.ts';
import { KEY } from '../../support/publisher-rig.ts';

test.each(['null', '[]', '{}', '{"instances":7}', '<html>'])(
  '200 with %s is the answer of some other server',
  async (body) => {
    const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = readStatus({ url, key: { name: 'w', secret: KEY } }, null, new AbortController().signal);
    const error = await asked.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Failure);
    expect(String(error)).toContain('is it an agentcast server (see --url)?');
  },
);

test('ids of connections cannot control a terminal', () => {
  expect(disconnectedText({ disconnected: ['c\x1b[2J'] })).toBe('1 connection closed:\n  c [2J\n');
});
