import { closing, frame, OPCODE, RawClient } from './raw-client.ts';

/** Who visits, and where. */
export type Visitor = {
  /** `http://…` of the server. */
  readonly url: string;
  /** Of a user with hardly any events. */
  readonly token: string;
  /** Of a user with more events than one page, who may come again. */
  readonly richToken: string;
  /** Of a user that has all the connections it may have. */
  readonly fullToken: string;
};

type Visit = (visitor: Visitor) => Promise<void>;

/** The origin that the server lets in. */
export const ALLOWED_ORIGIN = 'https://dashboard.example';

/** Every way in which a connection may begin and end. */
export const VISITS: readonly Visit[] = [
  // Lets itself in, and says goodbye.
  async ({ url, token }) => {
    const raw = await enter(url, token);
    raw.write(frame(OPCODE.close, closing(1000)));
    await raw.over;
    raw.socket.destroy();
  },
  // Is cut off by a reset.
  async ({ url, token }) => void (await enter(url, token)).socket.resetAndDestroy(),
  // Ends its TCP connection without a close frame.
  async ({ url, token }) => void (await enter(url, token)).socket.destroy(),
  // Breaks the protocol.
  async ({ url, token }) => {
    const raw = await enter(url, token);
    raw.write(frame(OPCODE.text, 'no JSON'));
    if ((await raw.closeCode()) !== 4000) throw new Error('wanted close 4000');
    raw.socket.destroy();
  },
  // Goes away in the middle of a replay.
  async ({ url, richToken }) => {
    const raw = await enter(url, richToken);
    await raw.until('"sequence_id":1,');
    raw.socket.resetAndDestroy();
  },
  // Is refused.
  ({ url }) => refused(url, { status: 401, query: 'token=wrong' }),
  ({ url, token }) => refused(url, { status: 400, query: `token=${token}&unknown=1` }),
  ({ url, fullToken }) => refused(url, { status: 429, query: `token=${fullToken}` }),
  ({ url, token }) => refused(url, { status: 403, query: `token=${token}`, origin: 'https://other.example' }),
  // Goes away in the middle of its request, and behind it.
  async ({ url }) => {
    const raw = await RawClient.connect(url);
    raw.write('GET /ws/agents HTTP/1.1\r\nHost: x\r\nUpgrade: webso');
    raw.socket.resetAndDestroy();
  },
  async ({ url, token }) => {
    const raw = await RawClient.connect(url);
    raw.request(`GET /ws/agents?token=${token}`, { upgrade: true });
    raw.socket.resetAndDestroy();
  },
  async ({ url, token }) => {
    const raw = await RawClient.connect(url);
    raw.request(`GET /ws/agents?token=${token}`, { upgrade: true });
    raw.socket.destroySoon();
  },
];

/** Lets a client in. */
export async function enter(url: string, token: string): Promise<RawClient> {
  const raw = await RawClient.connect(url);
  raw.request(`GET /ws/agents?token=${token}`, { upgrade: true, headers: [`Origin: ${ALLOWED_ORIGIN}`] });
  await raw.until('"CONNECTED"');
  return raw;
}

async function refused(
  url: string,
  { status, query, origin = ALLOWED_ORIGIN }: { status: number; query: string; origin?: string },
): Promise<void> {
  const raw = await RawClient.connect(url);
  raw.request(`GET /ws/agents?${query}`, { upgrade: true, headers: [`Origin: ${origin}`] });
  const answer = await raw.rest();
  if (!answer.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`wanted ${status}, got: ${answer}`);
  raw.socket.destroy();
}
