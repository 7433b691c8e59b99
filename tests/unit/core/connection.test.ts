import { describe, expect, it } from 'vitest';
import { NEARLY_FULL } from '../../support/fake-socket.ts';
import { aloneInstance } from '../../support/test-instance.ts';

const LATEST = { query: 'last_sequence_id=latest' };

describe('CONNECTED', () => {
  it('says where the client is, and what it can rely on', async () => {
    const instance = aloneInstance();
    await instance.publishMany(2);
    const socket = await instance.connect({ query: 'last_sequence_id=latest&agent_ids=a-1' });
    const [end] = await instance.memory.streams.ends(['u-1']);
    expect(socket.frames).toMatchObject([
      {
        type: 'CONNECTED',
        timestamp: '2026-01-08T12:00:00.000Z',
        payload: {
          instance_id: 'i-1',
          user_id: 'u-1',
          epoch: end?.epoch,
          sequence_id: 2,
          heartbeat_interval_ms: 30_000,
          heartbeat_timeout_ms: 10_000,
          replay_window_ms: 300_000,
          filters: { agent_ids: ['a-1'], project_ids: null, event_types: null },
        },
      },
    ]);
  });
});

describe('what a client says', () => {
  it('PING is answered by PONG', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    socket.says({ type: 'PING' });
    await instance.clock.settle();
    expect(socket.frames[1]).toEqual({ type: 'PONG', timestamp: '2026-01-08T12:00:00.000Z', payload: {} });
  });

  it('with PONG about its position is kept in the registry', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect();
    await instance.clock.advance(1_000);
    socket.says({ type: 'PONG', payload: { last_sequence_id: 7 } });
    socket.says({ type: 'PONG' });
    const heardAt = instance.clock.now();
    await instance.clock.advance(20_000);
    expect(await instance.engine.registry.connectionsOf('u-1')).toMatchObject([
      { lastSequenceId: 7, lastHeartbeat: heardAt },
    ]);
  });

  it.each([
    ['no JSON', (send: (text: string) => void) => send('{')],
    ['an unknown type', (send: (text: string) => void) => send('{"type":"HELLO"}')],
    ['a wrong shape', (send: (text: string) => void) => send('{"type":"REPLAY"}')],
  ])('that is %s is answered by ERROR, and closed with 4000', async (_, say) => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    say((text) => socket.saysText(text));
    await instance.clock.settle();
    expect(socket.types).toEqual(['CONNECTED', 'ERROR']);
    expect(socket.frames[1]?.payload).toMatchObject({
      code: 'invalid_message',
      message: expect.stringMatching(/wanted|missing/),
    });
    expect(socket.closedWith).toEqual({ code: 4000, reason: 'invalid_message' });
    expect(instance.core.connections.size).toBe(0);
  });

  it('in binary is answered in the same way', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    socket.saysBinary();
    await instance.clock.settle();
    expect(socket.types).toEqual(['CONNECTED', 'ERROR']);
    expect(socket.closedWith).toMatchObject({ code: 4000 });
  });

  it('after it was closed is not heard', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    socket.isDeaf = true;
    socket.saysText('{');
    await instance.publishMany(3);
    await instance.clock.settle();
    expect(socket.types).toEqual(['CONNECTED', 'ERROR']);
  });

  it('wrongly harms nobody else', async () => {
    const instance = aloneInstance();
    const [bad, good] = [await instance.connect(LATEST), await instance.connect(LATEST)];
    bad.saysText('{');
    await instance.publish();
    expect(good.sequenceIds).toEqual([1]);
  });
});

describe('a client that asks and asks, and reads nothing', () => {
  it('is closed as a slow consumer before what waits for it grows without bound (G6)', async () => {
    const instance = aloneInstance();
    const socket = await instance.connect(LATEST);
    socket.block(NEARLY_FULL);
    for (let second = 0; second < 5 && socket.isOpen; second++) {
      for (let asked = 0; asked < 900; asked++) socket.says({ type: 'PING' });
      await instance.clock.advance(1_000);
    }
    expect(socket.closedWith).toMatchObject({ code: 4100 });
  });
});
