import type { ConnectRequest } from '../protocol/connect-request.ts';
import type { Problem } from '../protocol/problems.ts';
import type { Connection } from './connection.ts';
import type { ConnectionManager } from './connection-manager.ts';
import { ANSWER_WITHIN_MS, Deadline } from './deadline.ts';
import type { Feed } from './feed.ts';
import type { Feeds } from './feeds.ts';
import type { Clock } from './ports/clock.ts';
import type { AdmissionRequest, Engine } from './ports/engine.ts';
import { EngineUnavailable } from './ports/engine.ts';
import type { Log } from './ports/log.ts';
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
  readonly clock: Clock;
  /** Told why the engine kept a client out. */
  readonly log: Log;
  readonly maxConnections: number;
  isDraining(): boolean;
};

/** Who asks for a connection: the token's user, from an address. */
export type Applicant = {
  readonly userId: string;
  readonly address: string;
  /** In ms since 1970; null for a token without an end. */
  readonly tokenExpiresAt: number | null;
  /** What the log calls the request by. */
  readonly requestId?: string | undefined;
};

export type AdmissionResult =
  | { readonly kind: 'refused'; readonly problem: Problem }
  | { readonly kind: 'accepted'; readonly acceptance: Omit<UpgradeAcceptance, 'protocol'> };

type Ticket = Applicant & ConnectRequest & { readonly connectionId: string };

/** An upgrade under way. */
type Decision = {
  readonly deadline: Deadline;
  /** It is open, or never will be. */
  settle(): void;
};

/** Decides which upgrades this instance takes (contract §3: 429 and 503). A refused one leaves nothing behind (G12). */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Being decided, or accepted and not yet open. */
  #pending = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** How many upgrades are under way: each will open, be refused, or be given up by its client. */
  get pending(): number {
    return this.#pending;
  }

  /** What `admit` would answer, without taking a place; null where it would accept. */
  async explain(applicant: Omit<Applicant, 'tokenExpiresAt'>): Promise<Problem | null> {
    const { clock, random } = this.#options;
    const deadline = new Deadline(clock, ANSWER_WITHIN_MS);
    try {
      return await this.#refusal({ ...applicant, connectionId: random.id(), reserve: false }, deadline);
    } finally {
      deadline.end();
    }
  }

  async admit(applicant: Applicant, request: ConnectRequest): Promise<AdmissionResult> {
    const { clock, random } = this.#options;
    const connectionId = random.id();
    const deadline = new Deadline(clock, ANSWER_WITHIN_MS);
    this.#pending++;
    let isPending = true;
    const settle = () => {
      if (isPending) this.#pending--;
      isPending = false;
    };
    try {
      return await this.#decide(ticketOf(connectionId, applicant, request), { deadline, settle });
    } catch (error) {
      settle();
      throw error;
    } finally {
      deadline.end();
    }
  }

  async #decide(ticket: Ticket, decision: Decision): Promise<AdmissionResult> {
    const problem = await this.#refusal({ ...ticket, reserve: true }, decision.deadline);
    if (problem === null) return this.#accept(ticket, decision);
    decision.settle();
    return { kind: 'refused', problem };
  }

  async #accept(ticket: Ticket, { deadline, settle }: Decision): Promise<AdmissionResult> {
    const { feeds, manager, registrar } = this.#options;
    try {
      const feed = await this.#feedOf(ticket.userId, deadline);
      // It may have begun while the engine was asked: whoever is accepted now would be sent away at once.
      if (this.#options.isDraining()) {
        feeds.release(ticket.userId);
        return this.#takeBack(ticket, settle, DRAINING);
      }
      const handlers = manager.handlers({ ticket, feed, opened: settle });
      const aborted = () => {
        settle();
        feeds.release(ticket.userId);
        registrar.abandoned(ticket);
      };
      return { kind: 'accepted', acceptance: { handlers, aborted } };
    } catch (error) {
      return this.#takeBack(ticket, settle, this.#unavailable(error));
    }
  }

  /** Refuses one that has a place already. */
  #takeBack(ticket: Ticket, settle: () => void, problem: Problem): AdmissionResult {
    this.#options.registrar.refused(ticket);
    settle();
    return { kind: 'refused', problem };
  }

  async #feedOf(userId: string, deadline: Deadline): Promise<Feed> {
    const { feeds } = this.#options;
    const feed = feeds.acquire(userId);
    try {
      return await deadline.wait(feed);
    } catch (error) {
      // One that comes too late is not kept.
      feed.then(
        () => feeds.release(userId),
        () => {},
      );
      throw error;
    }
  }

  async #refusal(request: AdmissionRequest, deadline: Deadline): Promise<Problem | null> {
    const { connections, engine, maxConnections } = this.#options;
    if (this.#options.isDraining()) return DRAINING;
    const reason = engine.unavailable();
    if (reason !== null) return this.#unavailable(new EngineUnavailable(reason));
    const asked = request.reserve ? 0 : 1;
    if (connections.size + this.#pending + asked > maxConnections) {
      return problem('instance-full', `this instance has its ${maxConnections} connections`, RETRY_MS);
    }
    const admitting = engine.registry.admit(request);
    try {
      const admission = await deadline.wait(admitting);
      if (admission.kind === 'admitted') return null;
      if (admission.kind === 'too_many_upgrades') {
        return problem('too-many-upgrades', 'too many upgrades from this address', admission.retryAfterMs);
      }
      return problem('too-many-connections', 'too many connections of this user', admission.retryAfterMs);
    } catch (error) {
      // What was not answered, or not in time, may still be carried out; this comes behind it on the same link.
      const giveBack = () => this.#options.registrar.refused(request);
      if (request.reserve) admitting.then(giveBack, giveBack);
      return this.#unavailable(error);
    }
  }

  /** What a client is told when the engine does not answer; anything else is a fault of ours and goes on. */
  #unavailable(error: unknown): Problem {
    if (!(error instanceof EngineUnavailable)) throw error;
    // The client is told that it failed; who runs the server, why.
    this.#options.log.warn('an upgrade failed', { error: error.message });
    return UNREACHABLE;
  }
}

// Written out: each spread into a new object would get a hidden class of its own, and a ticket is kept.
const ticketOf = (connectionId: string, applicant: Applicant, request: ConnectRequest): Ticket => ({
  connectionId,
  userId: applicant.userId,
  address: applicant.address,
  requestId: applicant.requestId,
  tokenExpiresAt: applicant.tokenExpiresAt,
  filters: request.filters,
  resumeFrom: request.resumeFrom,
});

const problem = (code: Problem['code'], detail: string, retryAfterMs: number): Problem => ({
  code,
  detail,
  retryAfterMs,
});

const DRAINING = problem('draining', 'this instance is draining', RETRY_MS);
const UNREACHABLE = problem('engine-unavailable', 'the engine does not answer', RETRY_MS);
