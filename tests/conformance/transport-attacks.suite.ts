import { describe, expect, test } from 'vitest';
import { frame, OPCODE } from '../support/raw-client.ts';
import type { TransportRig } from '../support/transport-rig.ts';

/** What breaks the WebSocket protocol, or tries to cost the server more than it costs the client. */
export function attackSuite(rig: TransportRig): void {
  describe('attacks', () => {
    test.each([
      ['a message over the limit', frame(OPCODE.text, 'x'.repeat(65_537)), 1009],
      ['a message announced over the limit', frame(OPCODE.text, 'x'.repeat(200_000)).subarray(0, 14), 1009],
      ['a length that no number holds', Buffer.from('81ffffffffffffffffff00000000', 'hex'), 1009],
      ['pieces that are too many', fragments(1000, 'x'), 1008],
      ['pieces with nothing in them', fragments(1000, ''), 1008],
      ['pieces that are too much', fragments(3, 'x'.repeat(30_000)), 1009],
      ['text that is not UTF-8', frame(OPCODE.text, Buffer.from([0xff, 0xfe])), 1007],
      ['a frame without a mask', frame(OPCODE.text, 'x', { masked: false }), 1002],
      ['a reserved opcode', frame(3, 'x'), 1002],
      ['a reserved bit', frame(OPCODE.text, 'x', { rsv: 4 }), 1002],
      ['a continuation of nothing', frame(OPCODE.continuation, 'x'), 1002],
      ['a ping that is too long', frame(OPCODE.ping, 'x'.repeat(126)), 1002],
      ['a close code that must not be sent', frame(OPCODE.close, Buffer.from([0x03, 0xee])), 1002],
    ])('%s is closed with its code', async (_, bytes, code) => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.write(bytes);
      expect(await raw.closeCode()).toBe(code);
      expect(await rig.journal(id, 'closed')).toEqual(['open', `closed ${code} false`]);
    });

    test('a message of the largest size is taken', async () => {
      const raw = await rig.rawSocket(rig.newId());
      raw.write(frame(OPCODE.text, 'x'.repeat(65_536)));
      const { payload } = await raw.frame(({ opcode }) => opcode === OPCODE.text);
      expect(payload.length).toBe(65_536);
    });

    test('pings whose answers nobody reads end in a cut', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.pause();
      const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(OPCODE.ping, 'x'.repeat(125))));
      const keepPinging = () => {
        while (!raw.socket.destroyed && raw.socket.write(pings));
      };
      raw.socket.on('drain', keepPinging);
      keepPinging();
      expect(await rig.journal(id, 'closed')).toEqual(['open', 'closed 1006 false']);
    });

    test('a message of a byte at a time is cut before it is dear', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.setNoDelay();
      raw.write(frame(OPCODE.text, 'x'.repeat(65_000)).subarray(0, 14));
      const dribble = setInterval(() => {
        if (!raw.socket.destroyed) raw.write('x');
      }, 0);
      try {
        expect(await raw.closeCode()).toBe(1008);
      } finally {
        clearInterval(dribble);
      }
    });

    test('requests that are pipelined without end are cut, or wait to be read', async () => {
      const id = rig.newId();
      const raw = await rig.raw();
      raw.write(`GET /slow?id=${id} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(5_000));
      await rig.journal(id, 'waiting');
      expect((await rig.journal(id)).length).toBeLessThanOrEqual(128);
    });

    test('many upgrades that are reset while the route decides leave nothing behind', async () => {
      const ids = Array.from({ length: 50 }, () => rig.newId());
      const raws = await Promise.all(ids.map(() => rig.raw()));
      raws.forEach((raw, i) => {
        raw.request(`GET /ws?id=${ids[i]}&gated`, { upgrade: true });
      });
      for (const id of ids) await rig.journal(id, 'waiting');
      for (const raw of raws) raw.socket.resetAndDestroy();
      for (const id of ids) await rig.journal(id, 'abandoned');
      for (const id of ids) await rig.release(id);
      for (const id of ids) expect(await rig.journal(id, 'aborted')).toHaveLength(3);
    });
  });
}

function fragments(count: number, payload: string): Buffer {
  const rest = Array.from({ length: count - 1 }, () => frame(OPCODE.continuation, payload, { fin: false }));
  return Buffer.concat([frame(OPCODE.text, payload, { fin: false }), ...rest]);
}
