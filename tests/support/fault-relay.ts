import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** A link through the relay: the side that connected, and the side that it was connected to. */
type Link = { readonly client: Socket; readonly target: Socket; isSubscriber: boolean; isSilent: boolean };

/** A TCP relay on loopback, whose target, links and bytes a test can take away. */
export class Relay {
  readonly port: number;
  #target: number | null;
  readonly #server: Server;
  readonly #links = new Set<Link>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#connect(client));
  }

  /** Starts to pass on to a port of loopback. */
  static async start(target: number): Promise<Relay> {
    // A side that says goodbye does not end the other one by itself: a silent link has to stay as it is.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Relay(server, target);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How many links stand on which somebody subscribed to a channel. */
  get subscribers(): number {
    return [...this.#links].filter(({ isSubscriber }) => isSubscriber).length;
  }

  /** Passes on to another port, or to nobody; every link that stands is cut. */
  switchTo(target: number | null): void {
    this.#target = target;
    for (const { client, target } of this.#links) {
      client.destroy();
      target.destroy();
    }
  }

  /**
   * Swallows whatever goes to the subscribers on the links of now, which otherwise stay as they are; those who connect
   * again are not concerned. Call what it gives to let bytes pass again.
   */
  silenceSubscribers(): () => void {
    const silenced = [...this.#links].filter(({ isSubscriber }) => isSubscriber);
    for (const link of silenced) link.isSilent = true;
    return () => {
      for (const link of silenced) link.isSilent = false;
    };
  }

  async stop(): Promise<void> {
    this.switchTo(null);
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #connect(client: Socket): void {
    client.on('error', () => {});
    if (this.#target === null) {
      client.destroy();
      return;
    }
    const target = dial({ port: this.#target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const link: Link = { client, target, isSubscriber: false, isSilent: false };
    this.#links.add(link);
    client.on('data', (bytes: Buffer) => {
      link.isSubscriber ||= bytes.includes('subscribe');
      target.write(bytes);
    });
    target.on('data', (bytes: Buffer) => {
      if (!link.isSilent) client.write(bytes);
    });
    this.#endTogether(link);
  }

  #endTogether(link: Link): void {
    const { client, target } = link;
    target.on('error', () => {});
    client.on('end', () => link.isSilent || target.end());
    target.on('end', () => client.end());
    for (const [side, other] of [
      [client, target],
      [target, client],
    ] as const) {
      side.on('close', () => {
        this.#links.delete(link);
        other.destroy();
      });
    }
  }
}
