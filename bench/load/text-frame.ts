const LONGEST = 0xffff;

/** A client's text frame (RFC 6455 §5.2), masked with zeros: which costs the server as much as any mask. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > LONGEST) throw new Error(`wanted at most ${LONGEST} bytes, got ${payload.length}`);
  const [masked, mask] = [0x80, [0, 0, 0, 0]];
  const head =
    payload.length < 126
      ? [0x81, masked | payload.length, ...mask]
      : [0x81, masked | 126, payload.length >> 8, payload.length & 0xff, ...mask];
  return Buffer.concat([Buffer.from(head), payload]);
}
