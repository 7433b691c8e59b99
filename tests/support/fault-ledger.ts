import { type Accepted, Audit, type Entry, show } from './fault-audit.ts';

/** What one client heard, over all of its connections. */
export type Account = { readonly client: string; readonly userId: string; readonly entries: Entry[] };

/**
 * The loss ledger: what the workers of a test were promised on one side, what its clients heard on the other. It knows
 * the protocol and nothing of how it is kept.
 */
export class LossLedger {
  readonly #accepted = new Map<string, Map<number, Accepted>>();
  readonly #accounts: Account[] = [];
  readonly #contradictions: string[] = [];

  /** A 202 came. The same event may be accepted again (a request that was sent again), at the same place. */
  accept(userId: string, accepted: Accepted): void {
    const events = this.#accepted.get(userId) ?? new Map<number, Accepted>();
    this.#accepted.set(userId, events);
    const known = events.get(accepted.mark);
    if (known === undefined) events.set(accepted.mark, accepted);
    else if (show(known) !== show(accepted))
      this.#contradictions.push(`${userId}: ${show(known)} was accepted again as ${show(accepted)}`);
  }

  /** Opens the account of a client that has heard nothing yet, and asks for the whole window. */
  open(client: string, userId: string): Account {
    const account: Account = { client, userId, entries: [] };
    this.#accounts.push(account);
    return account;
  }

  /** Accepted events of a user, oldest answer first. */
  acceptedOf(userId: string): Accepted[] {
    return [...(this.#accepted.get(userId)?.values() ?? [])];
  }

  /** Whether every client has every accepted event of its user, or was told that it is missing. */
  isSettled(): boolean {
    return this.#accounts.every((account) => this.#audit(account).open.length === 0);
  }

  /** Accepted events that a client was never sent, but told of. */
  namedTo(account: Account): Accepted[] {
    return this.#audit(account).named;
  }

  /** Everything that went against the guarantees G1 to G4; empty while the accounts are in balance. */
  faults(): string[] {
    const collisions = [...this.#accepted].flatMap(([userId, events]) =>
      collisionsOf([...events.values()]).map((fault) => `${userId}: ${fault}`),
    );
    const audits = this.#accounts.flatMap((account) =>
      this.#audit(account).faults.map((fault) => `${account.client}: ${fault}`),
    );
    return [...this.#contradictions, ...collisions, ...audits];
  }

  #audit({ userId, entries }: Account): Audit {
    return new Audit(this.acceptedOf(userId), entries);
  }
}

function collisionsOf(accepted: readonly Accepted[]): string[] {
  const taken = new Map<string, number>();
  return accepted.flatMap((event) => {
    const place = `${event.epoch} ${event.sequenceId}`;
    const other = taken.get(place);
    taken.set(place, event.mark);
    return other === undefined ? [] : [`event ${other} has the place of ${show(event)}`];
  });
}
