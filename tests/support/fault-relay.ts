import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/** A link through the relay: the side that connected, and the side that it was connected to. */
type Link = {
  readonly client: Socket;
  readonly target: Socket;
  isSubscriber: boolean;
  /** What would have come out of it since it went silent; null while it speaks. */
  swallowed: Buffer[] | null;
};

/** A TCP relay on loopback, whose target, links and bytes a test can take away. */
export class Relay {
  readonly port: number;
  #target: number | null;
  #awaited: { readonly text: string; act(silence: () => void): void } | null = null;
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

  /** How many links stand, and speak, on which somebody subscribed to a channel. */
  get subscribers(): number {
    return [...this.#links].filter(({ isSubscriber, swallowed }) => isSubscriber && swallowed === null)
      .length;
  }

  /** Whether anything that contains `text` was kept from those whom it was meant for. */
  hasSwallowed(text: string): boolean {
    return [...this.#links].some(
      ({ swallowed }) => swallowed !== null && Buffer.concat(swallowed).includes(text),
    );
  }

  /** Passes on to another port, or to nobody; every link that stands is cut. */
  switchTo(target: number | null): void {
    this.#target = target;
    for (const { client, target } of this.#links) {
      client.destroy();
      target.destroy();
    }
  }

  /** New links go to another port; those that stand stay, as behind a load balancer. */
  sendNewTo(target: number): void {
    this.#target = target;
  }

  /** From now on the subscribers of now hear nothing, on links that stay. Call what it gives to let them hear again. */
  silenceSubscribers(): () => void {
    return this.#silence(({ isSubscriber }) => isSubscriber);
  }

  /** The same for all who are there now. */
  silenceAll(): () => void {
    return this.#silence(() => true);
  }

  #silence(isChosen: (link: Link) => boolean): () => void {
    const silenced = [...this.#links].filter(isChosen);
    for (const link of silenced) link.swallowed = [];
    return () => {
      for (const link of silenced) link.swallowed = null;
    };
  }

  /**
   * Acts as soon as somebody sends what contains `text`, just before that goes on to its target.
   * @param act may silence the link by which it came: what was sent arrives, its answer does not
   */
  onceSent(text: string, act: (silence: () => void) => void): void {
    this.#awaited = { text, act };
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
    const link: Link = { client, target, isSubscriber: false, swallowed: null };
    this.#links.add(link);
    client.on('data', (bytes: Buffer) => this.#ask(link, bytes));
    target.on('data', (bytes: Buffer) => {
      if (link.swallowed === null) client.write(bytes);
      else link.swallowed.push(bytes);
    });
    this.#endTogether(link);
  }

  #ask(link: Link, bytes: Buffer): void {
    link.isSubscriber ||= bytes.includes('subscribe');
    const awaited = this.#awaited;
    if (awaited !== null && bytes.includes(awaited.text)) {
      this.#awaited = null;
      awaited.act(() => {
        link.swallowed = [];
      });
    }
    link.target.write(bytes);
  }

  #endTogether(link: Link): void {
    const { client, target } = link;
    target.on('error', () => {});
    // A peer that is silent does not say goodbye either.
    client.on('end', () => link.swallowed ?? target.end());
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
