/** Where the page connects, and as whom. Whoever serves the page gives it as `session.json` beside it. */
export type Session = {
  /** `wss://host`, or relative to the page. */
  readonly url: string;
  /** A JWT whose `sub` is the user. */
  readonly token: string;
  /** Where to POST for a burst of events; absent: there is no such button. */
  readonly flood?: string;
};

/** Asks for the session of now. @throws Error that says in words what is not as it should be */
export async function loadSession(): Promise<Session> {
  const response = await fetch('session.json', { cache: 'no-store' });
  if (!response.ok) throw new Error(`session.json: got status ${response.status}, wanted 200`);
  const session = (await response.json()) as Partial<Session> | null;
  const { url, token } = session ?? {};
  if (typeof url === 'string' && typeof token === 'string') return { ...session, url, token };
  throw new Error('session.json: wanted an object with url and token');
}

/** Asks the server for a burst of events. */
export async function askForFlood(address: string): Promise<void> {
  // A header of its own: no page of another origin may send it.
  const response = await fetch(address, { method: 'POST', headers: { 'x-agentcast-flood': '1' } });
  if (!response.ok) throw new Error(`the flood was refused with status ${response.status}`);
}
