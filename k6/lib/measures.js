import { Counter, Trend } from 'k6/metrics';

const IS_TIME = true;

/** What is counted and timed; a table shows them under these names. */
export const measures = {
  socketsOpened: new Counter('sockets_opened'),
  /** Heard every event of its user, to the last one. */
  socketsComplete: new Counter('sockets_complete'),
  /** Upgrades that did not succeed. */
  socketsRefused: new Counter('sockets_refused'),
  /** Ended by the other side, unasked. */
  socketsCut: new Counter('sockets_cut'),
  /** Dropped by k6 itself, which a dashboard makes good. */
  greetingsLost: new Counter('greetings_lost'),
  eventsPublished: new Counter('events_published'),
  /** Given up after several attempts. */
  eventsNotAccepted: new Counter('events_not_accepted'),
  /** Of each time that events were published steadily. */
  acceptedPerSecond: new Trend('events_accepted_per_second'),
  eventsReceived: new Counter('events_received'),
  /** Missing at a socket, whether the server named them or not. */
  eventsLost: new Counter('events_lost'),
  eventsRepeated: new Counter('events_repeated'),
  /** From before the request is sent to when the frame is read off the socket. */
  publishToReceive: new Trend('publish_to_receive_ms', IS_TIME),
  publishToReceiveBatched: new Trend('publish_to_receive_batched_ms', IS_TIME),
  /** From the attempt to come back until everything missed is there. */
  caughtUp: new Trend('caught_up_ms', IS_TIME),
  instancesReplaced: new Counter('instances_replaced'),
};

/** The latency that is required of every event, in ms. */
export const REQUIRED_LATENCY = ['p(50)<50', 'p(95)<100', 'p(99)<500'];
