import type { AsyncApi } from './documented.ts';
import { documentText, Judge } from './documented.ts';

/** Judges what a server says over a WebSocket by docs/asyncapi.json, and keeps which messages were seen. */
export class DocumentedMessages {
  readonly seen = new Set<string>();
  readonly #messages = (JSON.parse(documentText('asyncapi')) as AsyncApi).components.messages;
  readonly #judge = new Judge(JSON.parse(documentText('asyncapi')) as AsyncApi, { isExact: true });

  /** Every message of the server that the document has. */
  get promised(): string[] {
    return Object.keys(this.#messages).filter((name) => !name.startsWith('client.'));
  }

  /** @throws Error where the document does not have such a message */
  take(frame: { readonly type: string }): void {
    const name = frame.type in this.#messages ? frame.type : 'OwnEvent';
    const fault = this.#judge.fault(this.#messages[name]?.payload.$ref ?? '', frame);
    if (fault !== null)
      throw new Error(`the document has no such message: ${fault}\n${JSON.stringify(frame)}`);
    this.seen.add(name);
  }
}
