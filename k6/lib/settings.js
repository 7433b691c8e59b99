/** What a run is told by its environment: `npm run load` sets all of it. */

function required(name) {
  const value = __ENV[name];
  if (!value) throw new Error(`${name} is not set; npm run load sets it (k6/README.md)`);
  return value;
}

function count(name) {
  const text = required(name);
  if (!/^\d+$/.test(text)) throw new Error(`${name}: got ${text}, wanted a whole number`);
  return Number(text);
}

/** Instances, as `http://host:port`. */
export const urls = required('AGENTCAST_URL').split(',');
/** HS256 secret that tokens of users are signed with. */
export const jwtSecret = required('JWT_SECRET');
/** `name:whsec_<base64>` of the service that publishes. */
export const serviceKey = required('AGENTCAST_SERVICE_KEY');

/** Sockets in all. */
export const connections = count('CONNECTIONS');
/** How long events are published once all sockets are open. */
export const seconds = count('DURATION_S');
/** Events that a second brings, over all users. */
export const eventsPerSecond = count('EVENTS_PER_SECOND');
/** Events of each user that its dashboards miss while they are away. */
export const missed = count('MISSED');
/** Sockets of the same users that somebody else holds, and hardly reads. */
export const slowReaders = count('SLOW_READERS');

/** A user has as many dashboards open, so that each event is delivered so often. */
const DASHBOARDS_OF_A_USER = 10;
/** Few, with many sockets each: a VU of k6 is a JavaScript machine of its own. */
export const dashboardVus = Math.min(10, connections);

export const users = Array.from(
  { length: Math.ceil(connections / DASHBOARDS_OF_A_USER) },
  (_, index) => `load-${index}`,
);

/** Whose socket the one of this number is, and at which instance it begins: those of a user are at all instances. */
export const placeOf = (number) => ({
  user: users[number % users.length],
  instance: (number + Math.floor(number / users.length)) % urls.length,
});
