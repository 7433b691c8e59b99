import { onTestFinished } from 'vitest';
import { Hearing } from './fault-hearing.ts';
import type { Account } from './fault-ledger.ts';
import { framesIn, OPCODE, RawClient } from './raw-client.ts';

const READ_EVERY_MS = 100;

/** A dashboard that takes only so many bytes a second off its connection, until it is let read everything. */
export class SlowReader {
  readonly account: Account;
  readonly #client: RawClient;
  #stop: () => void = () => {};

  private constructor(client: RawClient, account: Account) {
    this.#client = client;
    this.account = account;
  }

  /** @param bytesPerSecond 0 reads nothing at all */
  static async connect(url: string, account: Account, bytesPerSecond: number): Promise<SlowReader> {
    const { pathname, search } = new URL(url);
    const client = await RawClient.connect(url);
    onTestFinished(() => {
      client.socket.destroy();
    });
    client.request(`GET ${pathname}${search}`, { upgrade: true });
    await client.until('REPLAY_END');
    client.socket.pause();
    const reader = new SlowReader(client, account);
    const tick = setInterval(
      () => client.socket.read((bytesPerSecond * READ_EVERY_MS) / 1_000),
      READ_EVERY_MS,
    );
    if (bytesPerSecond === 0) clearInterval(tick);
    reader.#stop = () => clearInterval(tick);
    onTestFinished(reader.#stop);
    return reader;
  }

  /** Reads everything from now on. */
  readOn(): void {
    this.#stop();
    this.#client.socket.resume();
  }

  /** Whether something came. */
  hasRead(part: string): boolean {
    return this.#client.bytes().includes(part);
  }

  /** Enters all that came into its account; gives the code it was closed with, null while it is not. */
  settle(): number | null {
    const hearing = new Hearing(this.account);
    let closed: number | null = null;
    for (const { opcode, payload } of framesIn(this.#client.bytes())) {
      if (opcode === OPCODE.text) hearing.hear(payload.toString(), { send: () => {} });
      if (opcode === OPCODE.close) closed = payload.readUInt16BE(0);
    }
    return closed;
  }
}
