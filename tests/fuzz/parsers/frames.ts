import { readMessage } from '../../../src/client/messages.ts';
import { parseClientMessage } from '../../../src/protocol/client-messages.ts';
import { always, alwaysShort, type Parser } from '../parser.ts';
import { JSON_WORDS, wellFormedFilters } from './samples.ts';

/** Text frames of clients (contract §4). */
export const frames: Parser = {
  name: 'frames',
  corpus: {
    texts: [
      '{"type":"PING"}',
      '{"type":"PING","payload":{}}',
      '{"type":"PONG","payload":{"last_sequence_id":41}}',
      '{"type":"REPLAY","payload":{"last_sequence_id":0,"epoch":"0123456789abcdef01234567"}}',
      '{"type":"SUBSCRIBE","payload":{"agent_ids":["a-1","a-2"],"project_ids":null,"event_types":["NOTE"]}}',
      '{"type":"SUBSCRIBE","payload":{"filters":{"agent_ids":["a-1"]},"last_sequence_id":7,"epoch":"e"}}',
      '{"type":"UNSUBSCRIBE","payload":{"event_types":["AGENT_STATUS_CHANGED","PROGRESS_UPDATE"]}}',
      `{"type":"SUBSCRIBE","payload":{"agent_ids":[${'"a",'.repeat(49)}"b"]}}`,
    ],
    words: [
      ...JSON_WORDS,
      '"type":',
      '"payload":',
      '"filters":',
      '"last_sequence_id":',
      '"epoch":',
      '"REPLAY"',
    ],
  },
  check(input) {
    const result = parseClientMessage(input);
    // What a client does with anything that a server, or something in its place, sends.
    readMessage(input);
    if (result.kind !== 'message') {
      alwaysShort(result);
      return 'refused';
    }
    const { message } = result;
    if ('filters' in message) wellFormedFilters(message.filters);
    if ('lastSequenceId' in message && message.lastSequenceId !== null) {
      always(
        Number.isSafeInteger(message.lastSequenceId) && message.lastSequenceId >= 0,
        'a position counts',
      );
    }
    return 'accepted';
  },
};
