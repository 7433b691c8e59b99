import { element } from './dom.ts';

/** At most so many may be asked for. */
const MOST_CHIPS = 50;

/** Check boxes for values that are found out over time. None chosen means all. */
export class FilterChips {
  readonly #fieldset: HTMLElement;
  readonly #boxes = new Map<string, HTMLInputElement>();
  readonly #changed: () => void;

  constructor(fieldset: HTMLElement, changed: () => void) {
    this.#fieldset = fieldset;
    this.#changed = changed;
  }

  offer(value: string): void {
    if (this.#boxes.has(value) || this.#boxes.size >= MOST_CHIPS) return;
    const box = element('input');
    box.type = 'checkbox';
    box.value = value;
    box.addEventListener('change', this.#changed);
    const label = element('label', 'chip');
    label.append(box, element('span', '', value));
    this.#boxes.set(value, box);
    this.#fieldset.append(label);
  }

  /** null: all. */
  get chosen(): readonly string[] | null {
    const chosen = [...this.#boxes].filter(([, { checked }]) => checked).map(([value]) => value);
    return chosen.length === 0 ? null : chosen;
  }
}
