import { UNLIMITED } from '../../src/core/allowance.ts';
import { ConnectionWitness } from '../../src/core/connection-witness.ts';
import { Flusher } from '../../src/core/flusher.ts';
import { History } from '../../src/core/history.ts';
import { Latency } from '../../src/core/latency.ts';
import { Outbox } from '../../src/core/outbox.ts';
import { Pacer } from '../../src/core/pacer.ts';
import type { EventRecord } from '../../src/core/ports/engine.ts';
import type { QueueWitness } from '../../src/core/send-queue.ts';
import { Turnstile } from '../../src/core/turnstile.ts';
import type { Priority } from '../../src/protocol/events.ts';
import { FakeSocket } from './fake-socket.ts';
import { ManualClock } from './manual-clock.ts';
import { noMetrics } from './no-metrics.ts';

/** Bytes that may wait in a socket. */
export const SOCKET_BYTES = 64 * 1024;

/** An outbox without limits, and the socket that it serves. */
export function outboxRig() {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const history = new History(clock, 100);
  const turnstile = new Turnstile(UNLIMITED);
  const context = {
    clock,
    history,
    flusher: new Flusher(clock),
    pacer: new Pacer(clock, turnstile),
    turnstile,
    metrics: noMetrics,
    latency: new Latency(clock, noMetrics),
    settings: { sendBufferSize: 100, queueTtlMs: 5_000, rateLimitPerConnection: 0 },
  };
  const witness = new ConnectionWitness(context, { userId: 'u-1', connectionId: 'c-1' });
  const outbox = new Outbox(context, { socket, witness, owner: { overflowed: () => {} } });
  socket.open({
    open: () => {},
    message: () => {},
    binary: () => {},
    drain: () => outbox.flush(),
    closed: () => outbox.clear(),
  });
  return { clock, socket, outbox, history };
}

/** Of a queue that nobody asks about. */
export const noWitness: QueueWitness = { shed: () => {}, queued: () => {} };

/** An event as a queue sees it. */
export const queuedEvent = (sequenceId: number, priority: Priority = 'normal'): EventRecord => ({
  header: {
    eventType: 'NOTE',
    agentId: 'a-1',
    projectId: null,
    taskId: null,
    priority,
    position: { epoch: 'e', sequenceId },
  },
  frame: new Uint8Array(10),
});
