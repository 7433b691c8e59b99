import type { ClientMessage } from '../protocol/client-messages.ts';
import { parseClientMessage } from '../protocol/client-messages.ts';
import type { Close } from '../protocol/close-codes.ts';
import { CLOSE } from '../protocol/close-codes.ts';
import type { Filters } from '../protocol/filters.ts';
import { without } from '../protocol/filters.ts';
import type { ServerMessage } from '../protocol/server-messages.ts';
import type { Delivery } from './delivery.ts';
import { TokenBucket } from './token-bucket.ts';

/** SUBSCRIBE, UNSUBSCRIBE and REPLAY of one client, a second. */
const REQUESTS = 10;
/** Messages of any kind, a second: far more than a client that answers and asks has reason for. */
const MESSAGES = 1_000;
/** A request that was refused counts as so many: who does not hear is closed soon. */
const DEAF = 10;

export type ClientRequestsOwner = {
  say(message: ServerMessage): void;
  close(close: Close): void;
  /** The client has everything up to here. */
  acknowledged(sequenceId: number): void;
  filtered(): void;
};

/** What a client asks for (contract §4), and no more of it than is good for the server. */
export class ClientRequests {
  readonly #owner: ClientRequestsOwner;
  readonly #delivery: Delivery;
  readonly #requests: TokenBucket;
  readonly #messages: TokenBucket;

  /** @param now by `Clock.elapsed` */
  constructor(owner: ClientRequestsOwner, delivery: Delivery, now: number) {
    this.#owner = owner;
    this.#delivery = delivery;
    this.#requests = new TokenBucket(REQUESTS, now);
    this.#messages = new TokenBucket(MESSAGES, now);
  }

  /** @param now by `Clock.elapsed` */
  hear(text: string, now: number): void {
    if (!this.#isLittle(now)) {
      this.#owner.close(CLOSE.overloaded);
      return;
    }
    const result = parseClientMessage(text);
    if (result.kind === 'invalid') this.refuse(result.detail);
    else if (result.kind === 'message' && !isRequest(result.message)) this.#obey(result.message);
    else if (!this.#isAllowed(now)) this.#refuseRate();
    else if (result.kind === 'message') this.#obey(result.message);
    else this.#complain({ code: 'invalid_filters', message: result.detail });
  }

  /** The client broke the protocol: it is told how, and closed. */
  refuse(detail: string): void {
    this.#complain({ code: 'invalid_message', message: detail });
    this.#owner.close(CLOSE.invalidMessage);
  }

  /** Whether it is still a conversation and no flood. */
  #isLittle(now: number): boolean {
    this.#messages.fill(now);
    const isLittle = this.#messages.has(1);
    this.#messages.spend(1);
    return isLittle;
  }

  #isAllowed(now: number): boolean {
    this.#requests.fill(now);
    if (!this.#requests.has(1)) return false;
    this.#requests.spend(1);
    return true;
  }

  #obey(message: ClientMessage): void {
    switch (message.type) {
      case 'PONG':
        if (message.lastSequenceId !== null) this.#owner.acknowledged(message.lastSequenceId);
        break;
      case 'PING':
        this.#owner.say({ type: 'PONG', payload: {} });
        break;
      case 'SUBSCRIBE':
        this.#filter(message.filters);
        if (message.lastSequenceId !== null) this.#replay(message.lastSequenceId, message.epoch);
        break;
      case 'UNSUBSCRIBE':
        this.#filter(without(this.#delivery.filters, message.filters));
        break;
      case 'REPLAY':
        this.#replay(message.lastSequenceId, message.epoch);
        break;
    }
  }

  #filter(filters: Filters): void {
    this.#owner.say({ type: 'FILTERS_UPDATED', payload: { filters } });
    this.#delivery.filters = filters;
    this.#owner.filtered();
  }

  #replay(sequenceId: number, epoch: string | null): void {
    this.#delivery.replay('requested', { sequenceId, epoch });
  }

  #refuseRate(): void {
    this.#messages.spend(DEAF);
    const wait = this.#requests.wait(1);
    const message = `at most ${REQUESTS} SUBSCRIBE, UNSUBSCRIBE and REPLAY a second; wait ${wait} ms`;
    this.#complain({ code: 'rate_limited', message, retry_after_ms: wait });
  }

  #complain(payload: Extract<ServerMessage, { type: 'ERROR' }>['payload']): void {
    this.#owner.say({ type: 'ERROR', payload });
  }
}

const isRequest = ({ type }: ClientMessage): boolean => type !== 'PING' && type !== 'PONG';
