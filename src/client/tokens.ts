import type { ClientClock } from './clock.ts';
import type { GetToken } from './options.ts';

/** Where the tokens of a connection come from. */
export class Tokens {
  readonly #fixed: string | undefined;
  readonly #get: GetToken | undefined;
  readonly #clock: ClientClock;
  readonly #timeoutMs: number;
  /** Had ahead, for the next attempt. */
  #next: string | null = null;
  #needsFresh = false;
  /** Whether the one in use was asked for as a fresh one. */
  #isFresh = false;
  #attempts = 0;
  /** Take back the timers of those that are asked for. */
  readonly #asked = new Set<() => void>();

  /** @throws TypeError where there is neither or both of token and getToken */
  constructor(
    { token, getToken }: { readonly token?: string; readonly getToken?: GetToken },
    { clock, timeoutMs }: { readonly clock: ClientClock; readonly timeoutMs: number },
  ) {
    if ((token === undefined) === (getToken === undefined))
      throw new TypeError('wanted one of token and getToken');
    this.#fixed = token;
    this.#get = getToken;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether another token than the one in use can be had. */
  get canRenew(): boolean {
    return this.#get !== undefined;
  }

  /** The same, where one that was asked for as fresh will not be followed by a better one. */
  get canRenewRefused(): boolean {
    return this.canRenew && !this.#isFresh;
  }

  /** The one in use will not do for the next attempt. */
  refuse(): void {
    this.#needsFresh = true;
    this.#next = null;
  }

  /** The one in use does. */
  accept(): void {
    this.#needsFresh = false;
    this.#isFresh = false;
  }

  /** A token for an attempt. Rejects where getToken does, or takes too long. */
  async take(): Promise<string> {
    this.#attempts++;
    const token = this.#next ?? this.#fixed ?? (await this.#ask(this.#needsFresh));
    this.#isFresh = this.#needsFresh || this.#next !== null;
    this.#next = null;
    return token;
  }

  /** Gets a fresh one ahead. Rejects as `take` does. */
  async prepare(): Promise<void> {
    const attempt = this.#attempts;
    const token = await this.#ask(true);
    // It would grow old here where the connection that it was meant for is over.
    if (attempt === this.#attempts) this.#next = token;
  }

  /** Whatever comes now is for nobody. */
  stop(): void {
    for (const cancel of this.#asked) cancel();
    this.#asked.clear();
  }

  #ask(fresh: boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(this.#timeoutMs, () => {
        this.#asked.delete(cancel);
        reject(new Error(`getToken gave none within ${this.#timeoutMs} ms`));
      });
      this.#asked.add(cancel);
      // In a chain, so that one that throws at once is a rejection too.
      Promise.resolve({ fresh })
        .then(this.#get)
        .then((token) => resolve(textOf(token)))
        .catch(reject)
        .finally(() => {
          cancel();
          this.#asked.delete(cancel);
        });
    });
  }
}

function textOf(token: unknown): string {
  if (typeof token === 'string') return token;
  throw new TypeError(`getToken gave ${token === null ? 'null' : typeof token}, wanted a text`);
}
