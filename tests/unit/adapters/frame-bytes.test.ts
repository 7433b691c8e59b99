import { Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import * as ws from 'ws';
import { FrameBytes } from '../../../src/adapters/transport/frame-bytes.ts';

// It is there, and not declared.
const { Receiver } = ws as unknown as { Receiver: new (options: { isServer: boolean }) => Writable };

/** What a client reads of these bytes. */
async function readBack(bytes: Uint8Array): Promise<string[]> {
  const receiver = new Receiver({ isServer: false });
  const texts: string[] = [];
  receiver.on('message', (data: Buffer, isBinary: boolean) => texts.push(isBinary ? 'binary' : String(data)));
  await finished(Readable.from([bytes]).pipe(receiver));
  return texts;
}

describe('frames as bytes (RFC 6455 §5.2)', () => {
  test.each([0, 1, 125, 126, 127, 65_535, 65_536, 70_000])('carry a payload of %d bytes', async (size) => {
    const text = 'x'.repeat(size);
    const frames = new FrameBytes();
    expect(await readBack(frames.of([text]))).toEqual([text]);
    expect(await readBack(frames.of([new TextEncoder().encode(text)]))).toEqual([text]);
  });

  test('keep their order, and count a text in bytes', async () => {
    const frames = ['größer als 𝄞', new TextEncoder().encode('ü'.repeat(100)), 'x'];
    expect(await readBack(new FrameBytes().of(frames))).toEqual(['größer als 𝄞', 'ü'.repeat(100), 'x']);
  });

  test('are made once for many sockets, and anew where one gets others', () => {
    const frames = new FrameBytes();
    const [one, other] = [new Uint8Array(3), new Uint8Array(3)];
    const bytes = frames.of([one, other]);
    expect(frames.of([one, other])).toBe(bytes);
    expect(frames.of([one])).not.toBe(bytes);
    expect(frames.of([other])).not.toBe(frames.of([one]));
  });
});
