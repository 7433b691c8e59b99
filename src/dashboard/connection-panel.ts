import type { Connection, Counters, Notices, StateChange } from '../client/index.ts';
import { byId, element, setText } from './dom.ts';
import {
  COUNTER_NAMES,
  droppedText,
  filtersText,
  gapText,
  positionText,
  replayText,
  stateText,
  whyText,
} from './words.ts';

const KEPT = 50;

type Shed = { readonly line: HTMLElement; count: number; readonly byPriority: Map<string, number> };

/** What becomes of the connection, in words: its state, its counters, and what happened on it. */
export class ConnectionPanel {
  readonly #state = byId('state', HTMLElement);
  readonly #why = byId('why', HTMLElement);
  readonly #counters = byId('counters', HTMLElement);
  readonly #notices = byId('notices', HTMLElement);
  readonly #figures = new Map<keyof Counters, HTMLElement>();
  #shown: {
    readonly state: StateChange['state'];
    readonly why: string | null;
    readonly until: number | null;
  } = {
    state: 'connecting',
    why: null,
    until: null,
  };
  #shed: Shed | null = null;
  #trouble: string | null = null;
  #connection: Connection | null = null;

  constructor() {
    for (const [name, label] of COUNTER_NAMES) {
      const figure = element('dd', '', '0');
      const group = element('div');
      group.append(element('dt', '', label), figure);
      this.#figures.set(name, figure);
      this.#counters.append(group);
    }
    this.tick(0);
  }

  listen(connection: Connection, now: () => number): void {
    this.#connection = connection;
    connection.on('state', (change) => this.#become(change, now()));
    connection.on('counters', (counters) => {
      for (const [name, figure] of this.#figures) setText(figure, String(counters[name]));
    });
    connection.on('replay', (notice) => this.say(replayText(notice)));
    connection.on('gap', (gap) => this.say(gapText(gap), 'gap'));
    connection.on('dropped', (dropped) => this.#say(dropped));
    connection.on('filters', (filters) => this.say(filtersText(filters)));
    connection.on('draining', () => this.say('The server is going down; moving to another.'));
    connection.on('token_expiring', () => this.say('The token expires soon; getting another.'));
    connection.on('refused', ({ message }) => this.say(`The server did not do as asked: ${message}`));
  }

  /** A state of the page itself, before there is a connection. */
  fail(why: string): void {
    this.#become({ state: 'closed', why, retryInMs: null, status: null, error: null }, 0);
  }

  say(text: string, className = ''): HTMLElement {
    this.#shed = null;
    const line = element('li', className, text);
    this.#notices.prepend(line);
    while (this.#notices.childElementCount > KEPT) this.#notices.lastElementChild?.remove();
    return line;
  }

  tick(now: number): void {
    const { state, why, until } = this.#shown;
    this.#state.dataset.state = state;
    const name = this.#state.querySelector('strong');
    if (name !== null) setText(name, stateText(state));
    const reason = whyText(why, until === null ? null : Math.max(0, until - now));
    setText(this.#why, reason === '' ? positionText(this.#connection?.position?.sequenceId ?? null) : reason);
    this.#why.title = this.#why.textContent ?? '';
  }

  #become({ state, why, retryInMs, error }: Omit<StateChange, 'previous'>, now: number): void {
    const reason = error?.message ?? why;
    this.#shown = { state, why: reason, until: retryInMs === null ? null : now + retryInMs };
    // The same failure again and again is one line.
    if (reason !== null && reason !== '' && reason !== this.#trouble)
      this.say(`${stateText(state)}: ${reason}.`);
    if (reason !== null || state === 'live') this.#trouble = reason;
    this.tick(now);
  }

  /** A burst is shed in many pieces: they are one line until something else happens. */
  #say({ count, by_priority }: Notices['dropped']): void {
    const shed = this.#shed ?? { line: this.say(''), count: 0, byPriority: new Map<string, number>() };
    shed.count += count;
    for (const [priority, some] of Object.entries(by_priority))
      shed.byPriority.set(priority, (shed.byPriority.get(priority) ?? 0) + (some ?? 0));
    setText(shed.line, droppedText(shed.count, shed.byPriority));
    this.#shed = shed;
  }
}
