import { WebSocket } from 'k6/websockets';
import { LAST_EVENT } from './dashboard.js';
import { urls } from './settings.js';
import { tokenOf } from './signing.js';
import { publish } from './worker.js';

/** VUs of k6 share nothing: the worker's orders to those with the dashboards go over a stream of their own. */
const CHANNEL = 'load-orders';

/** Gives every VU that hears them an order, with fields that say more. */
export const giveOrder = (type, fields = {}) => publish(CHANNEL, { type, ...fields });

/** Resolves, once no order can be missed, with what waits for one: it resolves with the fields of the order. */
export function hearOrders() {
  const given = new Map();
  const order = (type) => {
    if (!given.has(type)) given.set(type, openPromise());
    return given.get(type);
  };
  const url = `${urls[0].replace(/^http/, 'ws')}/ws/agents?last_sequence_id=latest`;
  const socket = new WebSocket(url, null, { headers: { authorization: `Bearer ${tokenOf(CHANNEL)}` } });
  socket.onmessage = ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === 'PING') socket.send('{"type":"PONG"}');
    else order(type).resolve(payload);
  };
  order(LAST_EVENT).promise.then(() => socket.close());
  return order('CONNECTED').promise.then(() => (type) => order(type).promise);
}

function openPromise() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
