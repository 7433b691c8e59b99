import { setTimeout } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import { measures } from './measures.js';
import { urls } from './settings.js';

/** The type of the event after which a user's stream holds no more. */
export const LAST_EVENT = 'LOAD_OVER';
const RETRY_MS = 500;

const wsUrls = urls.map((url) => url.replace(/^http/, 'ws'));

/**
 * One dashboard of a user: a socket after another, each going on from the position of the one before, until it has heard
 * the last event. Sequence ids are dense and nothing is filtered, so a hole between two of them is a loss.
 *
 * Nothing is private: k6 2.2.0 panics where a private method calls another.
 */
export class Dashboard {
  token;
  instance;
  returns;
  socket = null;
  isConnected = false;
  isReplaying = false;
  position = null;
  epoch = '';
  received = 0;
  since = 0;
  answered = () => {};
  finish = () => {};
  /** Resolves once it has heard the last event, or is gone and does not come back. */
  finished = new Promise((resolve) => {
    this.finish = resolve;
  });

  /** @param returns whether it comes back where it is refused, cut or asked to leave */
  constructor({ token, instance, returns }) {
    this.token = token;
    this.instance = instance;
    this.returns = returns;
  }

  /** Opens a socket; resolves once the server has greeted it, or it has ended. @param since when the way back began */
  connect(since = Date.now()) {
    this.since = since;
    this.isConnected = false;
    const url = `${wsUrls[this.instance]}/ws/agents?last_sequence_id=${this.position ?? 'latest'}${this.ofEpoch()}`;
    const socket = new WebSocket(url, null, { headers: { authorization: `Bearer ${this.token}` } });
    this.socket = socket;
    socket.onmessage = ({ data, timestamp }) => this.hear(JSON.parse(data), timestamp);
    socket.onclose = () => {
      if (socket === this.socket) this.ended();
    };
    return new Promise((resolve) => {
      this.answered = resolve;
    });
  }

  ofEpoch() {
    return this.epoch === '' ? '' : `&epoch=${this.epoch}`;
  }

  /** Leaves, to come back when `connect` is called. */
  leave() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Leaves, and comes back at once: to another instance, where there is one. One that is on its way already stays so. */
  move() {
    if (this.socket === null || !this.isConnected) return;
    this.instance = (this.instance + 1) % urls.length;
    this.leave();
    this.connect();
  }

  hear(message, at) {
    if (!this.isConnected && message.type !== 'CONNECTED') {
      if (this.position !== null) return this.startOver();
      if (message.sequence_id !== undefined) this.inferGreeting(message.sequence_id - 1);
    }
    if (message.sequence_id !== undefined) this.take(message, at);
    else this.obey(message, at);
  }

  take({ type, sequence_id: sequenceId, payload }, at) {
    const next = this.position + 1;
    if (sequenceId < next) {
      measures.eventsRepeated.add(1);
      return;
    }
    if (sequenceId > next) measures.eventsLost.add(sequenceId - next);
    this.position = sequenceId;
    this.received++;
    if (type === LAST_EVENT) this.complete();
    else if (!this.isReplaying) latencyOf(payload).add(Math.max(0, at - payload.at));
  }

  obey({ type, payload }, at) {
    switch (type) {
      case 'PING':
        return this.socket.send('{"type":"PONG"}');
      case 'CONNECTED':
        return this.greeted(payload);
      case 'REPLAY_START':
        return this.replay(payload);
      case 'REPLAY_END':
        this.isReplaying = false;
        return measures.caughtUp.add(at - this.since);
      case 'MESSAGES_DROPPED':
        return this.shed(payload);
      case 'SERVER_DRAINING':
        return this.moveIn(payload.reconnect_after_ms);
    }
  }

  shed({ count, to_sequence_id: last }) {
    measures.eventsLost.add(count);
    this.position = Math.max(this.position, last);
  }

  moveIn(ms) {
    const socket = this.socket;
    setTimeout(() => {
      if (this.returns && socket === this.socket) this.move();
    }, ms);
  }

  greeted({ epoch, sequence_id: sequenceId }) {
    if (this.position === null) {
      this.position = sequenceId;
      this.epoch = epoch;
      measures.socketsOpened.add(1);
    }
    this.isConnected = true;
    this.answered();
  }

  /**
   * k6 2.2.0 drops messages that it reads before its script has been told that the socket is open. A dashboard that lost its
   * greeting may have lost more: it comes back from its position.
   */
  startOver() {
    measures.greetingsLost.add(1);
    const { answered } = this;
    this.leave();
    this.connect(this.since).then(answered);
  }

  /** The same at the first opening, when there is no position yet: nothing but the greeting was there to be lost. */
  inferGreeting(sequenceId) {
    measures.greetingsLost.add(1);
    this.greeted({ epoch: '', sequence_id: sequenceId });
  }

  replay({ epoch, missing, after_sequence_id: after }) {
    this.isReplaying = true;
    if (missing !== null) measures.eventsLost.add(1);
    if (epoch !== this.epoch) this.position = after;
    this.epoch = epoch;
  }

  complete() {
    measures.socketsComplete.add(1);
    this.leave();
    this.end();
  }

  ended() {
    this.socket = null;
    (this.isConnected ? measures.socketsCut : measures.socketsRefused).add(1);
    if (this.isConnected) this.since = Date.now();
    this.answered();
    if (!this.returns) return this.end();
    this.instance = (this.instance + 1) % urls.length;
    setTimeout(() => this.connect(this.since), RETRY_MS * (0.5 + Math.random()));
  }

  end() {
    measures.eventsReceived.add(this.received);
    this.finish();
  }
}

const latencyOf = (payload) =>
  payload.batched ? measures.publishToReceiveBatched : measures.publishToReceive;
