import type { PublishError, Published } from '../../client/index.ts';
import type { Entry } from '../../client/publisher/batch.ts';
import type { SendingOptions } from '../../client/publisher/sending.ts';
import { send } from '../../client/publisher/sending.ts';
import { printable } from '../../demo/message-text.ts';
import { Failure } from '../exit-status.ts';
import { remedyFor } from '../operator-request.ts';
import { type EventLine, placeOf } from './event-lines.ts';

export type SenderOptions = {
  readonly sending: SendingOptions;
  /** Begins every webhook-id of this run. */
  readonly id: string;
  accepted(event: EventLine, published: Published): void;
  /** Told of an event that the server refuses, by itself. */
  refused(event: EventLine, why: string): void;
  /** Told of so many events that no server accepted; one may have taken them nonetheless, or not. */
  givenUp(count: number, mayBePublished: boolean): void;
};

type Rejected = { readonly event: EventLine; readonly error: PublishError };

/** Tried for long enough, in vain. */
export class Unavailable extends Failure {
  /** Where the events begin that were not accepted: from here on, nothing more was sent. */
  readonly from: EventLine;
  readonly mayBePublished: boolean;

  constructor(message: string, { event, error }: Rejected) {
    super(message);
    this.from = event;
    this.mayBePublished = error.mayBePublished;
  }
}

/**
 * Sends batches one after the other, each until it was taken or refused. Not by `createPublisher`, which makes batches by time:
 * here the same input makes the same batches under the same ids, so that a run can be repeated and publishes nothing twice.
 */
export class Sender {
  readonly #options: SenderOptions;
  #batches = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Throws a Failure where the next batch would fare no better: a refusal as a whole, or Unavailable. */
  async send(batch: readonly EventLine[]): Promise<void> {
    this.#batches++;
    const rejected: Rejected[] = [];
    let left: readonly Entry[] = batch.map((event) => this.#entryOf(event, rejected));
    // One invalid event refuses its batch: the others go again, as another request. Each turn, there are fewer.
    for (let turn = 0; left.length > 0; turn++) {
      const id = `${this.#options.id}-${this.#batches}${turn === 0 ? '' : `-${turn}`}`;
      left = await this.#sendAs(id, left);
    }
    const [first] = rejected;
    if (first === undefined) return;
    const { message, code, mayBePublished } = first.error;
    this.#options.givenUp(rejected.length, mayBePublished);
    const text = `${rangeOf(rejected.map(({ event }) => event))}: ${printable(message)}${remedyFor(first.error)}`;
    throw code === 'unavailable' ? new Unavailable(text, first) : new Failure(text);
  }

  async #sendAs(id: string, entries: readonly Entry[]): Promise<Entry[]> {
    try {
      return await send(entries, id, this.#options.sending);
    } catch (error) {
      // Told to stop, in the midst of a request or between two.
      this.#options.givenUp(entries.length, true);
      throw error;
    }
  }

  #entryOf(event: EventLine, rejected: Rejected[]): Entry {
    const { accepted, refused } = this.#options;
    return {
      json: event.json,
      bytes: event.bytes,
      resolve: (published) => accepted(event, published),
      reject: (error) => {
        if (error.code === 'invalid') refused(event, faultsText(error));
        else rejected.push({ event, error });
      },
    };
  }
}

const faultsText = ({ faults }: PublishError): string =>
  faults.map(({ path, detail }) => (path === '' ? detail : `${path}: ${detail}`)).join('; ');

/** Where the events of a batch stand: `lines 1 to 500`. */
function rangeOf(batch: readonly EventLine[]): string {
  const [first, last] = [batch[0], batch.at(-1)];
  if (first === undefined || last === undefined || first === last) return placeOf(first ?? { line: null });
  return `lines ${first.line} to ${last.line}`;
}
