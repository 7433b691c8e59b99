import type { Agent } from './agent-board.ts';
import { element, setText } from './dom.ts';
import { shortText, timeLeftText } from './words.ts';

/** More agents than a page can show are still in the list of events. */
const MOST_CARDS = 200;

/** A card for each agent, in the order in which they were first heard of, so that none moves. */
export class AgentCards {
  readonly #list: HTMLElement;
  readonly #cards = new Map<string, AgentCard>();
  #wanted: readonly string[] | null = null;
  #more: HTMLElement | null = null;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** Whether an agent has a card, or gets one. From the first that does not on, the page says so. */
  hasRoomFor(id: string): boolean {
    if (this.#cards.has(id) || this.#cards.size < MOST_CARDS) return true;
    this.#more ??= this.#sayMore();
    return false;
  }

  show(agent: Agent, now: number): void {
    const card = this.#cards.get(agent.id) ?? this.#add(agent);
    card.show(agent, now);
  }

  /** Times left, a second later. */
  tick(now: number): void {
    for (const card of this.#cards.values()) card.tick(now);
  }

  /** Only these agents; null: all. */
  filter(wanted: readonly string[] | null): void {
    this.#wanted = wanted;
    for (const [id, card] of this.#cards) this.#hide(id, card);
  }

  #sayMore(): HTMLElement {
    const more = element(
      'p',
      'quiet',
      `There are more agents than these ${MOST_CARDS}: the list of events has theirs.`,
    );
    this.#list.after(more);
    return more;
  }

  #add({ id }: Agent): AgentCard {
    const card = new AgentCard(id);
    this.#cards.set(id, card);
    this.#hide(id, card);
    this.#list.append(card.element);
    return card;
  }

  #hide(id: string, card: AgentCard): void {
    card.element.hidden = this.#wanted !== null && !this.#wanted.includes(id);
  }
}

class AgentCard {
  readonly element = element('li', 'card');
  readonly #status = element('span', 'status', 'no status yet');
  readonly #project = element('p', 'quiet');
  readonly #message = element('p');
  readonly #bar = element('div', 'bar');
  readonly #percent = element('span', 'percent');
  readonly #left = element('span', 'left');
  #run: number | null = null;
  #doneAt: number | null = null;

  constructor(id: string) {
    const heading = element('h3');
    heading.append(element('span', '', id), this.#status);
    const figures = element('p', 'figures');
    figures.append(this.#percent, this.#left);
    this.element.dataset.agent = id;
    this.#bar.role = 'progressbar';
    this.#bar.ariaLabel = `Progress of ${id}`;
    this.#bar.append(element('div'));
    this.element.append(heading, this.#project, this.#message, this.#bar, figures);
  }

  show({ status, project, message, task }: Agent, now: number): void {
    if (status !== null) {
      this.element.dataset.status = status;
      setText(this.#status, status);
    }
    setText(this.#project, project);
    const text = shortText(message);
    setText(this.#message, text);
    this.#message.title = text;
    const percent = Math.round(task?.percent ?? 0);
    this.#move(percent, task?.run ?? null);
    setText(this.#percent, task === null ? '' : [`${percent} %`, task.step].filter(Boolean).join(' · '));
    this.#doneAt = status === null || status === 'working' ? (task?.doneAt ?? null) : null;
    this.tick(now);
  }

  tick(now: number): void {
    const left = this.#doneAt === null ? null : Math.max(0, this.#doneAt - now) / 1_000;
    setText(this.#left, timeLeftText(left));
  }

  /** Smoothly within a run. A bar of another run is a new one: it does not run backwards. */
  #move(percent: number, run: number | null): void {
    if (run !== this.#run) this.#bar.replaceChildren(element('div'));
    this.#run = run;
    this.#bar.ariaValueNow = String(percent);
    const fill = this.#bar.firstElementChild;
    if (fill instanceof HTMLElement) fill.style.transform = `scaleX(${percent / 100})`;
  }
}
