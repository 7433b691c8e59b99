import type { ConnectRequest } from '../protocol/connect-request.ts';
import type { Problem } from '../protocol/problems.ts';
import type { Connection } from './connection.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { Feeds } from './feeds.ts';
import type { Engine } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Random } from './ports/random.ts';
import type { UpgradeAcceptance } from './ports/transport.ts';
import type { Registrar } from './registrar.ts';

/** When to try again after a 503, in ms: about as long as another instance needs to take over. */
export const RETRY_MS = 2_000;

export type AdmissionOptions = {
  readonly engine: Engine;
  readonly feeds: Feeds;
  readonly manager: ConnectionManager;
  readonly registrar: Registrar;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly random: Random;
  readonly maxConnections: number;
  isDraining(): boolean;
};

/** Who asks for a connection: the token's user, from an address. */
export type Applicant = { readonly userId: string; readonly address: string };

export type AdmissionResult =
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'accepted'; readonly acceptance: Omit<UpgradeAcceptance, 'protocol'> };

type Ticket = Applicant & ConnectRequest & { readonly connectionId: string };

/** Decides which upgrades this instance takes (contract §3: 429 and 503). A refused one leaves nothing behind (G12). */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Accepted, and not yet open. */
  #pending = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** What `admit` would answer, without taking a place; null where it would accept. */
  async explain(applicant: Applicant): Promise<Problem | null> {
    return this.#refusal({ ...applicant, connectionId: this.#options.random.id(), reserve: false });
  }

  async admit(applicant: Applicant, request: ConnectRequest): Promise<AdmissionResult> {
    const connectionId = this.#options.random.id();
    this.#pending++;
    let isPending = true;
    const settle = () => {
      if (isPending) this.#pending--;
      isPending = false;
    };
    try {
      return await this.#decide({ ...applicant, ...request, connectionId }, settle);
    } catch (error) {
      settle();
      throw error;
    }
  }

  async #decide(ticket: Ticket, settle: () => void): Promise<AdmissionResult> {
    const problem = await this.#refusal({ ...ticket, reserve: true });
    if (problem === null) return this.#accept(ticket, settle);
    settle();
    return { kind: 'refused', problem };
  }

  async #accept(ticket: Ticket, settle: () => void): Promise<AdmissionResult> {
    const { feeds, manager, registrar } = this.#options;
    try {
      const feed = await feeds.acquire(ticket.userId);
      const handlers = manager.handlers(ticket, feed);
      const open: typeof handlers.open = (socket) => {
        settle();
        handlers.open(socket);
      };
      const aborted = () => {
        settle();
        feeds.release(ticket.userId);
        registrar.closed(ticket);
      };
      return { kind: 'accepted', acceptance: { handlers: { ...handlers, open }, aborted } };
    } catch (error) {
      registrar.refused(ticket);
      settle();
      return { kind: 'refused', problem: unavailable(error) };
    }
  }

  async #refusal(request: Applicant & { connectionId: string; reserve: boolean }): Promise<Problem | null> {
    const { connections, engine, maxConnections } = this.#options;
    if (this.#options.isDraining()) return problem('draining', 'this instance is draining', RETRY_MS);
    if (engine.unavailable() !== null) return UNREACHABLE;
    const asked = request.reserve ? 0 : 1;
    if (connections.size + this.#pending + asked > maxConnections) {
      return problem('instance-full', `this instance has its ${maxConnections} connections`, RETRY_MS);
    }
    try {
      const admission = await engine.registry.admit(request);
      if (admission.kind === 'admitted') return null;
      if (admission.kind === 'too_many_upgrades') {
        return problem('too-many-upgrades', 'too many upgrades from this address', admission.retryAfterMs);
      }
      return problem('too-many-connections', 'too many connections of this user', admission.retryAfterMs);
    } catch (error) {
      // What was not answered may still be carried out; this comes behind it on the same link.
      if (request.reserve) this.#options.registrar.refused(request);
      return unavailable(error);
    }
  }
}

const problem = (code: Problem['code'], detail: string, retryAfterMs: number): Problem => ({
  code,
  detail,
  retryAfterMs,
});

const UNREACHABLE = problem('engine-unavailable', 'the engine does not answer', RETRY_MS);

/** What a client is told when the engine does not answer; anything else is a fault of ours and goes on. */
function unavailable(error: unknown): Problem {
  if (!(error instanceof EngineUnavailable)) throw error;
  return UNREACHABLE;
}
