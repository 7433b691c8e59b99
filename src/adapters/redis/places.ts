import { networkOf } from '../../core/client-network.ts';
import type { EngineOptions } from '../../core/limits.ts';
import { CONNECTION_RETRY_MS, UPGRADE_SPAN_MS } from '../../core/limits.ts';
import type { Admission, AdmissionRequest } from '../../core/ports/engine.ts';
import { CONNECTION_LEASE_MS } from '../../core/ports/engine.ts';
import { answered } from './answered.ts';
import type { CommandClient } from './client.ts';
import { keys } from './keys.ts';
import { runScript, scripts } from './scripts.ts';

/** A place in a set of at most `most`; 0 for any number. */
type Place = {
  readonly key: string;
  readonly most: number;
  readonly holdMs: number;
  readonly reserve: boolean;
};

/** Who may connect: sorted sets of members that each hold a place until a time of their own, by Redis's clock. */
export class RedisPlaces {
  readonly #redis: CommandClient;
  readonly #options: EngineOptions;

  constructor(redis: CommandClient, options: EngineOptions) {
    this.#redis = redis;
    this.#options = options;
  }

  // The two sets can stand in different cluster slots, so no one step can take both places. The address is asked
  // first and taken last: who is refused then holds nothing meanwhile that another could be refused for (G12).
  async admit({ connectionId, userId, address, reserve }: AdmissionRequest): Promise<Admission> {
    const { connectRatePerAddress: rate, maxConnectionsPerUser } = this.#options;
    const upgrade = { key: keys.upgrades(networkOf(address)), most: rate, holdMs: UPGRADE_SPAN_MS };
    const connection = { key: keys.connectionsOfUser(userId), most: maxConnectionsPerUser };
    const place = { ...connection, holdMs: CONNECTION_LEASE_MS, reserve };
    const wait = rate > 0 ? await this.#take(connectionId, { ...upgrade, reserve: false }) : 0;
    if (wait > 0) return { kind: 'too_many_upgrades', retryAfterMs: wait };
    if ((await this.#take(connectionId, place)) > 0)
      return { kind: 'too_many_connections', retryAfterMs: CONNECTION_RETRY_MS };
    const late = rate > 0 && reserve ? await this.#take(connectionId, { ...upgrade, reserve }) : 0;
    if (late === 0) return { kind: 'admitted' };
    await answered(this.#redis.zrem(place.key, connectionId));
    return { kind: 'too_many_upgrades', retryAfterMs: late };
  }

  async giveBack({ connectionId, userId, address }: Omit<AdmissionRequest, 'reserve'>): Promise<void> {
    const places = [keys.upgrades(networkOf(address)), keys.connectionsOfUser(userId)];
    await answered(Promise.all(places.map((key) => this.#redis.zrem(key, connectionId))));
  }

  /** Gives 0, or the time in ms until a place falls free. */
  async #take(member: string, { key, most, holdMs, reserve }: Place): Promise<number> {
    const args = [member, most, holdMs, reserve ? 1 : 0];
    return Number(await answered(runScript(this.#redis, scripts.takePlace, { keys: [key], args })));
  }
}
