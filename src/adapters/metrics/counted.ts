import { DELIVERY_TYPES } from '../../core/delivery-type.ts';
import type {
  CatchUpMetrics,
  ConnectionMetrics,
  DeliveryMetrics,
  EngineMetrics,
  PublishMetrics,
} from '../../core/ports/metrics.ts';
import { PRIORITIES } from '../../protocol/events.ts';
import * as buckets from './buckets.ts';
import type { Catalogue } from './catalogue.ts';
import {
  ASKED_REASONS,
  CATCH_UP_REASONS,
  CLOSE_CODES,
  DROP_REASONS,
  MISSING,
  OUTCOMES,
  PROBLEM_CODES,
  PUBLISH_STATUSES,
  RATE_LIMITS,
  REPLAY_OUTCOMES,
  REPLAY_REASONS,
} from './labels.ts';

/** What the core tells as it happens, part by part of `core/ports/metrics.ts`. */

export function connectionMetrics(all: Catalogue): ConnectionMetrics {
  const opened = all.tally('connections_opened_total', 'Connections that were opened.');
  const closed = all.tallies('connections_closed_total', 'Connections that ended, by close code.', {
    code: CLOSE_CODES,
  });
  const duration = all.distribution(
    'connection_duration_seconds',
    'How long connections lasted.',
    buckets.CONNECTION,
  );
  const refused = all.tallies('upgrades_refused_total', 'Upgrades refused, by problem.', {
    problem: PROBLEM_CODES,
  });
  const missed = all.tally('heartbeats_missed_total', 'PINGs without any answer in time.');
  const expired = all.tally('tokens_expired_total', 'Connections closed because their token expired.');
  const hinted = all.tally('drain_hints_total', 'Connections told by a drain when to leave.');
  return {
    connectionOpened: () => opened.add(1),
    connectionClosed: (code, seconds) => {
      closed.add(String(code));
      duration.add(seconds);
    },
    upgradeRefused: (problem) => refused.add(problem),
    heartbeatMissed: () => missed.add(1),
    tokenExpired: () => expired.add(1),
    drainHinted: () => hinted.add(1),
  };
}

export function deliveryMetrics(all: Catalogue): DeliveryMetrics {
  const delivered = all.tallies('frames_delivered_total', 'Frames handed to sockets, by message type.', {
    type: DELIVERY_TYPES,
  });
  const byType = DELIVERY_TYPES.map((type) => delivered.of(type));
  const latency = all.distribution(
    'delivery_latency_seconds',
    'From when an event was accepted to when it was handed to a socket; the oldest live event of each write.',
    buckets.LATENCY,
  );
  const dropped = all.grid('events_dropped_total', 'Events shed, and named to their client.', {
    reason: DROP_REASONS,
    priority: PRIORITIES,
  });
  const heldUp = all.distributions(
    'rate_limit_wait_seconds',
    'How long a limit kept messages of a connection waiting.',
    { label: 'limit', values: RATE_LIMITS, bounds: buckets.WAIT },
  );
  const leases = all.distribution(
    'rate_limit_lease_messages',
    'Messages granted by a lease of the limit over the whole cluster.',
    buckets.LEASE,
  );
  const failed = all.tally('rate_limit_lease_failures_total', 'Leases that the engine did not answer.');
  return {
    delivered: (type, frames) => byType[type]?.add(frames),
    deliveredAfter: (seconds) => latency.add(seconds),
    dropped: (reason, priority) => dropped.get(reason)?.add(priority),
    heldUp: (limit, seconds) => heldUp[limit].add(seconds),
    leased: (tokens) => leases.add(tokens),
    leaseFailed: () => failed.add(1),
  };
}

export function catchUpMetrics(all: Catalogue): CatchUpMetrics {
  const replayed = all.grid('replays_total', 'Replays announced, by reason and by why events are missing.', {
    reason: REPLAY_REASONS,
    missing: MISSING,
  });
  const ended = all.grid('replays_ended_total', 'Replays that clients asked for, by how they ended.', {
    reason: ASKED_REASONS,
    outcome: REPLAY_OUTCOMES,
  });
  const size = all.distribution('replay_events', 'Events that a replay delivered.', buckets.EVENTS);
  const took = all.distributions('catch_up_seconds', 'From going back to the log to being live again.', {
    label: 'reason',
    values: CATCH_UP_REASONS,
    bounds: buckets.CATCH_UP,
  });
  const repaired = all.tally('gaps_repaired_total', 'Missed events found and read from the log.');
  const interrupted = all.tally('interruptions_total', 'Times that hand-overs may have been lost.');
  return {
    replayed: (reason, missing) => replayed.get(reason)?.add(missing?.reason ?? 'none'),
    caughtUp: (reason, { events, seconds }) => {
      took[reason].add(seconds);
      if (reason === 'repair') return repaired.add(1);
      ended.get(reason)?.add('caught_up');
      size.add(events);
    },
    replayGivenUp: (reason, outcome) => ended.get(reason)?.add(outcome),
    interrupted: () => interrupted.add(1),
  };
}

export function publishMetrics(all: Catalogue): PublishMetrics {
  const published = all.tallies('events_published_total', 'Events of publish requests, by result.', {
    result: OUTCOMES,
  });
  const answered = all.tallies('publish_requests_total', 'Publish requests answered, by HTTP status.', {
    status: PUBLISH_STATUSES,
  });
  const took = all.distribution(
    'publish_seconds',
    'How long the engine took over the events of a publish request.',
    buckets.ENGINE,
  );
  return {
    published: (outcome, events) => published.add(outcome, events),
    publishAnswered: (status) => answered.add(String(status)),
    publishTook: (seconds) => took.add(seconds),
  };
}

export function engineMetrics(all: Catalogue): EngineMetrics {
  const command = all.distribution(
    'engine_command_seconds',
    'Round trip of the command of a probe.',
    buckets.ENGINE,
  );
  const whole = all.distribution(
    'engine_probe_seconds',
    'How long a probe took: its command, and its hand-over to the instance itself.',
    buckets.ENGINE,
  );
  const failures = all.tally('engine_probe_failures_total', 'Probes that the engine did not answer.');
  return {
    engineProbed: ({ commandSeconds, seconds }) => {
      command.add(commandSeconds);
      whole.add(seconds);
    },
    engineProbeFailed: () => failures.add(1),
  };
}
