import { Buffer } from 'node:buffer';
import { decodeRecord } from '../../../src/adapters/redis/record.ts';
import { PRIORITIES } from '../../../src/protocol/events.ts';
import { always, type Parser } from '../parser.ts';

const EPOCH = '0123456789abcdef01234567';

/** Hand-overs and log entries as Redis gives them. */
export const records: Parser = {
  name: 'records',
  corpus: {
    texts: [
      `${EPOCH} 42 normal NOTE a-1 p-1 t-1\n{"type":"NOTE"}`,
      `${EPOCH} 42 critical AGENT_STATUS_CHANGED a-1 ~ t-1 end\n{"type":"AGENT_STATUS_CHANGED"}`,
      `${EPOCH} ~ low PROGRESS_UPDATE a-1 p-1 t-1 1767873600000 2 3 10\n{"type":"PROGRESS_UPDATE","merged":1}}`,
      `${EPOCH} 9007199254740991 low NOTE a ~ ~\n{}`,
    ],
    words: [' ', '\n', '~', ' ~ ', 'end', 'critical', '-1', '1e3', '0x1', '\n\n', `${EPOCH} 1 `],
  },
  check(input) {
    const record = decodeRecord(Buffer.from(input, 'latin1'));
    if (record === null) return 'refused';
    const { position, progress, priority } = record.header;
    always(PRIORITIES.includes(priority), 'a priority is one');
    if (position !== null) {
      always(
        Number.isSafeInteger(position.sequenceId) && position.sequenceId > 0,
        'a sequence id counts from 1',
      );
    }
    always(
      (position === null) === (progress !== undefined),
      'an event has a place in the stream or in its task',
    );
    return 'accepted';
  },
};
