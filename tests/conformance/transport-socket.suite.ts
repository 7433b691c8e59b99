import { describe, expect, test } from 'vitest';
import { closing, frame, OPCODE } from '../support/raw-client.ts';
import { isNoDrain, nextText, type TransportRig, whenClosed } from '../support/transport-rig.ts';

/** More than the kernel takes for a client that reads nothing. */
const MORE_THAN_FITS = 24 * 1024 * 1024;

/** An open socket, and how it ends. */
export function socketSuite(rig: TransportRig): void {
  describe('an open socket', () => {
    test('hands text on and tells of binary', async () => {
      const id = rig.newId();
      const client = await rig.socket(id);
      client.send(Buffer.from('binary'));
      client.send('grüße');
      expect(await nextText(client)).toBe('grüße');
      expect((await rig.journal(id)).filter(isNoDrain)).toEqual(['open', 'binary', 'message grüße']);
    });

    test('answers a ping by itself', async () => {
      const raw = await rig.rawSocket(rig.newId());
      raw.write(frame(OPCODE.ping, 'are you there'));
      const { payload } = await raw.frame(({ opcode }) => opcode === OPCODE.pong);
      expect(payload.toString()).toBe('are you there');
    });

    test('takes a message in pieces', async () => {
      const raw = await rig.rawSocket(rig.newId());
      raw.write(frame(OPCODE.text, 'in ', { fin: false }));
      raw.write(frame(OPCODE.ping));
      raw.write(frame(OPCODE.continuation, 'pieces'));
      const { payload } = await raw.frame(({ opcode }) => opcode === OPCODE.text);
      expect(payload.toString()).toBe('in pieces');
    });

    test('sends what one call was given in order, as text, in one write', async () => {
      const raw = await rig.rawSocket(rig.newId());
      const before = raw.reads.length;
      raw.write(frame(OPCODE.text, 'frames 100'));
      await raw.until('99');
      const frames = Array.from(
        { length: 100 },
        (_, i) => `\x81${String.fromCharCode(`${i}`.length)}${i}`,
      ).join('');
      expect(raw.text().endsWith(frames)).toBe(true);
      expect(raw.reads.slice(before)).toEqual([frames.length]);
    });

    test('counts what the kernel has not taken, and tells when it has', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.pause();
      raw.write(frame(OPCODE.text, `flood ${MORE_THAN_FITS}`));
      await rig.journal(id, 'message flood');
      expect(await rig.journal(id)).toEqual(['open', `message flood ${MORE_THAN_FITS}`]);
      raw.socket.resume();
      expect(await rig.journal(id, 'drain')).toEqual(['open', `message flood ${MORE_THAN_FITS}`, 'drain 0']);
      const { payload } = await raw.frame(({ payload }) => payload.toString().startsWith('buffered'));
      expect(Number(payload.toString().split(' ')[1])).toBeGreaterThan(MORE_THAN_FITS / 2);
    });
  });

  describe('the end of a socket', () => {
    test('close() says code and reason, and no more', async () => {
      const id = rig.newId();
      const client = await rig.socket(id);
      const texts: string[] = [];
      client.on('message', (data) => texts.push(data.toString()));
      client.send('close 4002 disconnected');
      expect(await whenClosed(client)).toEqual({ code: 4002, reason: 'disconnected' });
      expect(await rig.journal(id, 'closed')).toContain('closed 4002 true');

      const other = rig.newId();
      const talkedTo = await rig.socket(other);
      talkedTo.on('message', (data) => texts.push(data.toString()));
      talkedTo.send('after-close');
      expect(await whenClosed(talkedTo)).toEqual({ code: 1000, reason: 'bye' });
      expect(texts).toEqual([]);
    });

    test('after close() nothing but the end is heard', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.write(Buffer.concat([frame(OPCODE.text, 'close 1000 bye'), frame(OPCODE.text, 'still talking')]));
      await raw.closeCode();
      raw.write(Buffer.concat([frame(OPCODE.text, 'on and on'), frame(OPCODE.close, closing(1000))]));
      const entries = await rig.journal(id, 'closed');
      expect(entries).toEqual(['open', 'message close 1000 bye', 'closed 1000 true']);
    });

    test('a peer that does not answer close() is cut off', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.write(frame(OPCODE.text, 'close 4100 slow'));
      expect(await raw.closeCode()).toBe(4100);
      await raw.over;
      expect(await rig.journal(id, 'closed')).toContain('closed 4100 false');
    });

    test('a peer that reads nothing is cut off as well', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.pause();
      raw.write(frame(OPCODE.text, `flood ${MORE_THAN_FITS}`));
      raw.write(frame(OPCODE.text, 'close 4100 slow'));
      expect(await rig.journal(id, 'closed')).toContain('closed 4100 false');
    });

    test('terminate() cuts at once', async () => {
      const id = rig.newId();
      const client = await rig.socket(id);
      client.send('terminate');
      expect((await whenClosed(client)).code).toBe(1006);
      expect(await rig.journal(id, 'closed')).toEqual(['open', 'message terminate', 'closed 1006 false']);
    });

    test.each([
      ['with a code', closing(3999), 'closed 3999 true'],
      ['without a code', Buffer.alloc(0), 'closed 1005 true'],
    ])('the peer closes %s', async (_, payload, entry) => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.write(frame(OPCODE.close, payload));
      await raw.closeCode();
      expect(await rig.journal(id, 'closed')).toEqual(['open', entry]);
    });

    test('the peer closes, ends its side and still gets the answer', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.end(frame(OPCODE.close, closing(1000)));
      expect(await raw.closeCode()).toBe(1000);
      expect(await rig.journal(id, 'closed')).toEqual(['open', 'closed 1000 true']);
    });

    test('the peer closes, gets the answer and never hangs up', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id, { halfOpen: true });
      raw.write(frame(OPCODE.close, closing(1000)));
      expect(await raw.closeCode()).toBe(1000);
      expect(await rig.journal(id, 'closed')).toEqual(['open', 'closed 1000 true']);
    });

    test('the peer is reset', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.resetAndDestroy();
      expect(await rig.journal(id, 'closed')).toEqual(['open', 'closed 1006 false']);
    });

    test('the peer ends its side without a word', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.end();
      await raw.over;
      expect(await rig.journal(id, 'closed')).toEqual(['open', 'closed 1006 false']);
    });

    test('the peer ends its side and reads nothing', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id);
      raw.socket.pause();
      raw.write(frame(OPCODE.text, `flood ${MORE_THAN_FITS}`));
      await rig.journal(id, 'message flood');
      raw.socket.end();
      expect(await rig.journal(id, 'closed')).toContain('closed 1006 false');
    });
  });

  describe('a handler that throws', () => {
    test.each([
      ['open', 'open', ''],
      ['message', 'message', 'hello'],
      ['drain', 'drain', `flood ${MORE_THAN_FITS}`],
    ])('in %s closes its socket with 1011 and is reported', async (_, throwIn, text) => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id, { query: `&throwIn=${throwIn}` });
      if (text !== '') raw.write(frame(OPCODE.text, text));
      expect(await raw.closeCode()).toBe(1011);
      raw.write(frame(OPCODE.close, closing(1011)));
      expect(await rig.journal(id, 'closed')).toContain('closed 1011 true');
      expect(await rig.errors()).toContain(`socket handler: ${throwIn} threw`);
    });

    test('in closed is reported', async () => {
      const id = rig.newId();
      const raw = await rig.rawSocket(id, { query: '&throwIn=closed' });
      raw.socket.resetAndDestroy();
      await rig.journal(id, 'closed');
      expect(await rig.errors()).toContain('socket handler: closed threw');
    });
  });
}
