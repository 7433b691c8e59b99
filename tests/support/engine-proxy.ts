import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** One connection through the proxy. */
export type ProxiedLink = {
  /** Whether it is the engine's link for hand-overs, as far as it has shown. */
  readonly isSubscriber: boolean;
  readonly isOpen: boolean;
  /** From now on Redis's answers stay away, without the connection being closed: a half-open link. */
  mute(): void;
  /** Lets what stayed away come after all. */
  unmute(): void;
  /** Breaks the connection. */
  cut(): void;
};

/** A TCP proxy before Redis, whose links can fall silent or break one by one. */
export type EngineProxy = {
  readonly url: string;
  /** All connections there ever were, the oldest first. */
  readonly links: readonly ProxiedLink[];
  /** The present link of that kind. */
  link(kind: 'commands' | 'subscriber'): ProxiedLink;
  /** What is done with each further connection, once Redis is asked something that contains the text. */
  onAsked(text: string, run: (link: ProxiedLink) => void): void;
  /** Where further connections lead. */
  redirect(port: number): void;
  close(): Promise<void>;
};

export async function startProxy(redisPort: number, host = '127.0.0.1'): Promise<EngineProxy> {
  let port = redisPort;
  const links: ProxiedLink[] = [];
  let asked: { text: string; run(link: ProxiedLink): void } | null = null;
  const server = createServer((client) => {
    const link = proxied(client, connect(port, host), (bytes) => {
      if (asked !== null && bytes.includes(asked.text)) asked.run(link);
    });
    links.push(link);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = server.address() as AddressInfo;
  return {
    url: `redis://127.0.0.1:${own.port}`,
    links,
    link: (kind) => {
      const found = links.findLast(
        ({ isOpen, isSubscriber }) => isOpen && isSubscriber === (kind === 'subscriber'),
      );
      if (found === undefined) throw new Error(`there is no ${kind} link`);
      return found;
    },
    onAsked: (text, run) => {
      asked = { text, run };
    },
    redirect: (next) => {
      port = next;
    },
    close: async () => {
      for (const link of links) link.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function proxied(client: Socket, redis: Socket, onAsked: (bytes: Buffer) => void): ProxiedLink {
  let isSubscriber = false;
  let withheld: Buffer[] | null = null;
  const cut = (): void => {
    client.destroy();
    redis.destroy();
  };
  for (const socket of [client, redis]) socket.on('error', cut).on('close', cut);
  client.on('data', (bytes: Buffer) => {
    if (/\r\nsubscribe\r\n/i.test(bytes.toString('latin1'))) isSubscriber = true;
    onAsked(bytes);
    redis.write(bytes);
  });
  redis.on('data', (bytes: Buffer) => {
    if (withheld === null) client.write(bytes);
    else withheld.push(bytes);
  });
  return {
    get isSubscriber() {
      return isSubscriber;
    },
    get isOpen() {
      return !client.destroyed;
    },
    mute: () => {
      withheld ??= [];
    },
    unmute: () => {
      for (const bytes of withheld ?? []) client.write(bytes);
      withheld = null;
    },
    cut,
  };
}
