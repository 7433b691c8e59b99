/** Members that each hold a place until a time of their own: the connections of a user, the upgrades of an address. */
export type Places = Map<string, number>;

export type PlaceRequest = {
  readonly member: string;
  readonly limit: number;
  readonly now: number;
  readonly until: number;
  readonly reserve: boolean;
};

/** Takes a place where there is one. Gives 0, or the time in ms until the first place falls free. */
export function takePlace(all: Map<string, Places>, key: string, request: PlaceRequest): number {
  const { member, limit, now, until, reserve } = request;
  const places = all.get(key) ?? new Map();
  for (const [other, expiresAt] of places) if (expiresAt <= now) places.delete(other);
  if (limit > 0 && places.size >= limit && !places.has(member)) return Math.min(...places.values()) - now;
  if (reserve) all.set(key, places.set(member, until));
  return 0;
}

/** Gives a place back. */
export function leavePlace(all: Map<string, Places>, key: string, member: string): void {
  const places = all.get(key);
  places?.delete(member);
  if (places?.size === 0) all.delete(key);
}

/** Frees what has expired under keys that nobody asks about any more. */
export function sweepPlaces(all: Map<string, Places>, now: number): void {
  for (const [key, places] of all) {
    for (const [member, expiresAt] of places) if (expiresAt <= now) places.delete(member);
    if (places.size === 0) all.delete(key);
  }
}
