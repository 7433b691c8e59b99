import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { frame, OPCODE, RawClient } from '../support/raw-client.ts';
import { newUser, tokenFor } from '../support/tokens.ts';
import type { ServerRig } from './server-rig.ts';

/** Contract §4: what is refused well. That the process lives, and its neighbours notice nothing, is checked behind each. */
export function attackSuite(rig: () => ServerRig): void {
  /** A raw WebSocket of a user. */
  const rawSocket = async (): Promise<RawClient> => {
    const raw = await RawClient.connect(rig().server.url);
    raw.request(`GET /ws/agents?token=${await tokenFor(newUser())}`, { upgrade: true });
    await raw.until('\r\n\r\n');
    return raw;
  };
  const rawAnswer = async (line: string, headers: string[]): Promise<string> => {
    const raw = await RawClient.connect(rig().server.url);
    raw.request(line, { headers });
    return await raw.rest();
  };

  describe('a message that breaks the protocol is an ERROR, then 4000', () => {
    test.each<string | Uint8Array>([
      'hello',
      '',
      'null',
      '7',
      '[]',
      '[{"type":"PING"}]',
      '{}',
      '{"type":7}',
      '{"type":"ping"}',
      '{"type":"AGENT_STATUS_CHANGED"}',
      '{"type":"constructor"}',
      '{"type":"__proto__"}',
      '{"type":"PING","payload":[]}',
      '{"type":"PING","payload":"x"}',
      '{"type":"PONG","payload":{"last_sequence_id":"3"}}',
      '{"type":"REPLAY"}',
      '{"type":"REPLAY","payload":{"last_sequence_id":-1}}',
      '{"type":"REPLAY","payload":{"last_sequence_id":1.5}}',
      '{"type":"REPLAY","payload":{"last_sequence_id":1,"epoch":7}}',
      '{"type":"SUBSCRIBE","payload":7}',
      '{"type":"SUBSCRIBE","payload":{"last_sequence_id":"first"}}',
      new Uint8Array([1, 2, 3]),
      new Uint8Array(0),
    ])('%s', async (data) => {
      const user = newUser();
      const client = await rig().live(user);
      client.sendRaw(data);
      client.sendRaw(data);
      client.send('PING');
      expect(await client.closed()).toEqual({ code: 4000, reason: 'invalid_message' });
      const [end, error, ...more] = client.frames.slice(2);
      expect(end?.type).toBe('REPLAY_END');
      expect(error).toMatchObject({
        type: 'ERROR',
        payload: { code: 'invalid_message', message: expect.stringMatching(/wanted|missing/) },
      });
      expect(more).toEqual([]);
    });

    test('and what it says of the message is short', async () => {
      const client = await rig().live(newUser());
      client.sendRaw('x'.repeat(60_000));
      expect(String((await client.next('ERROR')).payload.message).length).toBeLessThan(300);
    });
  });

  test('a message that is too large is closed with 1009', async () => {
    const client = await rig().live(newUser());
    client.sendRaw(JSON.stringify({ type: 'PING', payload: { pad: 'x'.repeat(65_536) } }));
    expect((await client.closed()).code).toBe(1009);
  });

  test('a message of the largest size is taken', async () => {
    const client = await rig().live(newUser());
    const [head, tail] = ['{"type":"PING","pad":"', '"}'];
    client.sendRaw(head + 'x'.repeat(65_536 - head.length - tail.length) + tail);
    await client.next('PONG');
  });

  test('a message in a thousand fragments is closed with 1008', async () => {
    const raw = await rawSocket();
    const rest = Array.from({ length: 999 }, () => frame(OPCODE.continuation, ' ', { fin: false }));
    raw.write(Buffer.concat([frame(OPCODE.text, '{', { fin: false }), ...rest]));
    expect(await raw.closeCode()).toBe(1008);
  });

  test('a message in ten fragments is taken', async () => {
    const raw = await rawSocket();
    const parts = [...'{"type":"PING"}'].map((letter, index, all) =>
      frame(index === 0 ? OPCODE.text : OPCODE.continuation, letter, { fin: index === all.length - 1 }),
    );
    raw.write(Buffer.concat(parts));
    await raw.frame(({ payload }) => payload.includes('"PONG"'));
    raw.socket.destroy();
  });

  test('text that is no UTF-8 is closed with 1007', async () => {
    const raw = await rawSocket();
    raw.write(frame(OPCODE.text, Buffer.from([0xc3, 0x28])));
    expect(await raw.closeCode()).toBe(1007);
  });

  test('many messages at once are answered one by one, and a flood is closed with 4102', async () => {
    const client = await rig().live(newUser());
    for (let n = 0; n < 900; n++) client.send('PING');
    for (let n = 0; n < 900; n++) await client.next('PONG');
    for (let n = 0; n < 20_000; n++) client.send('PING');
    expect(await client.closed()).toEqual({ code: 4102, reason: 'overloaded' });
  });

  test('Upgrade: h2c is answered as the ordinary request it also is', async () => {
    const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    const answer = await rawAnswer(`GET /ws/agents?token=${await tokenFor(newUser())}`, h2c);
    expect(answer).toMatch(/^HTTP\/1\.1 426 [\s\S]*application\/problem\+json/);
  });

  test('a header of 100 KB is refused', async () => {
    const answer = await rawAnswer('GET /ws/agents', [`X-Long: ${'x'.repeat(100 * 1024)}`]);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d [\s\S]*application\/problem\+json/);
  });

  test('a token of 12 KB is refused', async () => {
    const { status } = await rig().refusal({ query: { token: 'x'.repeat(12 * 1024) } });
    expect(status).toBe(401);
  });

  test('what is no HTTP is refused', async () => {
    const raw = await RawClient.connect(rig().server.url);
    raw.write('\x16\x03\x01 this is no HTTP\r\n\r\n');
    expect(await raw.rest()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('a target that is no path is refused', async () => {
    const raw = await RawClient.connect(rig().server.url);
    raw.request('GET http://[/ws/agents', { upgrade: true });
    expect(await raw.rest()).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('connections that are reset as soon as they are made leave nothing behind', async () => {
    const token = await tokenFor(newUser());
    const line = `GET /ws/agents?token=${token} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
    const keys = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
    const { port } = new URL(rig().server.url);
    const resets = Array.from({ length: 30 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {});
      return new Promise((resolve) => {
        socket.once('close', resolve);
        socket.write(line + keys, () => socket.resetAndDestroy());
      });
    });
    await Promise.all(resets);
    // The one that stays is the witness.
    await rig().allGone(1);
  });
}
