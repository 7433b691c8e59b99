import type { AgentReport } from './agents.ts';
import { SimulatedAgent } from './agents.ts';
import { CAST } from './cast.ts';
import { between, seededChance } from './chance.ts';

/** Agents enter one after the other within this time, in ms. */
const ENTRANCE_MS = 2_500;

export type StageOptions = {
  /** Runs something later, in ms; gives what takes it back. */
  after(ms: number, run: () => void): () => void;
  /** The same seed, the same play. */
  readonly seed: number;
  /** Publishes; an agent goes on when it is done. */
  publish(report: AgentReport): Promise<void>;
};

/** Lets all agents of the cast work until it is stopped. */
export class Stage {
  readonly #options: StageOptions;
  readonly #timers = new Map<SimulatedAgent, () => void>();
  #isOver = false;

  constructor(options: StageOptions) {
    this.#options = options;
    CAST.forEach((role, index) => {
      const chance = seededChance(options.seed + index);
      this.#schedule(new SimulatedAgent(role, chance), between(chance, 0, ENTRANCE_MS));
    });
  }

  stop(): void {
    this.#isOver = true;
    for (const cancel of this.#timers.values()) cancel();
  }

  #schedule(agent: SimulatedAgent, pauseMs: number): void {
    if (this.#isOver) return;
    this.#timers.set(
      agent,
      this.#options.after(pauseMs, () => void this.#play(agent)),
    );
  }

  async #play(agent: SimulatedAgent): Promise<void> {
    const { report, pauseMs } = agent.next();
    await this.#options.publish(report);
    this.#schedule(agent, pauseMs);
  }
}
