import { onTestFinished } from 'vitest';
import { frame, OPCODE, RawClient } from './raw-client.ts';

export type MutePeerOptions = {
  /** `http://…` of the server. */
  readonly url: string;
  readonly token: string;
};

/**
 * A client that is let in and says nothing from then on, while its TCP connection stays up: what a server sees of a
 * laptop that was shut, or of a network that went away without a FIN.
 */
export class MutePeer {
  readonly connectionId: string;
  readonly raw: RawClient;

  private constructor(raw: RawClient, connectionId: string) {
    this.raw = raw;
    this.connectionId = connectionId;
  }

  static async connect({ url, token }: MutePeerOptions): Promise<MutePeer> {
    const raw = await RawClient.connect(url, { halfOpen: true });
    onTestFinished(() => void raw.socket.destroy());
    raw.request(`GET /ws/agents?token=${token}`, { upgrade: true });
    const { payload } = await raw.frame(({ opcode, payload }) => opcode === OPCODE.text && is(payload));
    const connected = JSON.parse(payload.toString()) as { payload: { connection_id: string } };
    return new MutePeer(raw, connected.payload.connection_id);
  }

  /** From now on it reads nothing either: soon the server can write nothing more. */
  stopReading(): void {
    this.raw.socket.pause();
  }

  /** Says something after all. */
  say(message: object): void {
    this.raw.write(frame(OPCODE.text, JSON.stringify(message)));
  }
}

const is = (payload: Buffer): boolean => payload.includes('"CONNECTED"');
