import { parseConnectRequest } from '../../../src/protocol/connect-request.ts';
import { always, alwaysShort, type Parser } from '../parser.ts';
import { wellFormedFilters } from './samples.ts';

/** The query of `GET /ws/agents` (contract §3), as it stands in the address. */
export const queries: Parser = {
  name: 'queries',
  corpus: {
    texts: [
      '',
      'token=eyJhbGciOiJIUzI1NiJ9.e30.c2ln',
      'agent_ids=a-1,a-2&project_ids=p-1&event_types=NOTE,AGENT_STATUS_CHANGED',
      'last_sequence_id=41&epoch=0123456789abcdef01234567',
      'last_sequence_id=latest',
      'agent_ids=a%2D1%2Ca-2&token=x',
      `agent_ids=${'a,'.repeat(49)}a`,
    ],
    words: [
      'agent_ids=',
      '&event_types=',
      '&epoch=',
      '&last_sequence_id=',
      '%00',
      '%ff',
      '%',
      '+',
      '&&',
      '=',
      ',',
    ].concat(['#', '?', 'latest', '9007199254740991', '[]', '__proto__=1', '&x=']),
  },
  check(input) {
    const result = parseConnectRequest(new URL(`http://localhost/ws/agents?${input}`).searchParams);
    if (result.kind === 'faults') {
      always(result.faults.length > 0, 'a refusal says why');
      alwaysShort(result.faults);
      return 'refused';
    }
    const { filters, resumeFrom } = result.request;
    wellFormedFilters(filters);
    if (resumeFrom.kind === 'after') {
      always(Number.isSafeInteger(resumeFrom.sequenceId) && resumeFrom.sequenceId >= 0, 'a position counts');
    }
    return 'accepted';
  },
};
