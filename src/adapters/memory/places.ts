/**
 * Members that each hold a place until a time of their own: the connections of a user, the upgrades of a network. In
 * the order of that time, because all places of one kind are held equally long.
 */
export type Places = Map<string, number>;

export type PlaceRequest = {
  readonly member: string;
  readonly limit: number;
  readonly now: number;
  readonly holdMs: number;
  readonly reserve: boolean;
};

/** Takes a place where there is one. Gives 0, or the time in ms until one falls free. */
export function takePlace(all: Map<string, Places>, key: string, request: PlaceRequest): number {
  const { member, limit, now, holdMs, reserve } = request;
  const places = all.get(key) ?? new Map<string, number>();
  dropExpired(places, now);
  if (limit > 0 && places.size >= limit && !places.has(member)) {
    // More than the limit allows, where others take it for higher: then it is not the first that has to go.
    const lastToGo = [...places.values()][places.size - limit] ?? now;
    return Math.max(1, Math.ceil(lastToGo - now));
  }
  if (!reserve) return 0;
  // Taken out first, so that a place that is held on moves behind the others.
  places.delete(member);
  all.set(key, places.set(member, now + holdMs));
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
    dropExpired(places, now);
    if (places.size === 0) all.delete(key);
  }
}

function dropExpired(places: Places, now: number): void {
  for (const [member, expiresAt] of places) {
    if (expiresAt > now) return;
    places.delete(member);
  }
}
