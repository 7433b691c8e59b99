import { parseConnectRequest } from '../../protocol/connect-request.ts';
import { UsageError } from '../exit-status.ts';

/** The flags that say which events, as texts. */
export type StreamFlags = {
  readonly agent?: string;
  readonly project?: string;
  readonly type?: string;
  /** `latest`, `all` or a sequence id. */
  readonly from: string;
  readonly epoch?: string;
};

const PARAMETERS = {
  agent: 'agent_ids',
  project: 'project_ids',
  type: 'event_types',
  from: 'last_sequence_id',
  epoch: 'epoch',
} as const satisfies Record<keyof StreamFlags, string>;

/** The query of the connection (contract §3). Throws a UsageError with every fault, named by its flag. */
export function streamQuery(flags: StreamFlags): URLSearchParams {
  const texts = { ...flags, from: flags.from === 'all' ? '0' : flags.from };
  const query = new URLSearchParams();
  for (const [flag, parameter] of entries) {
    const text = texts[flag];
    if (text !== undefined) query.set(parameter, text);
  }
  const result = parseConnectRequest(query);
  const faults =
    result.kind === 'faults'
      ? result.faults.map(({ path, detail }) => `${flagOf(path)}: ${detail}${orAll(path)}`)
      : [];
  if (flags.epoch !== undefined && ['latest', 'all'].includes(flags.from)) {
    faults.push(`--epoch: got one without a number, wanted --from <number> beside it`);
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n  '));
  return query;
}

const entries = Object.entries(PARAMETERS) as [keyof StreamFlags, string][];

/** The flag of a fault's path; a filter's fault names its value too: `agent_ids.1`. */
function flagOf(path: string): string {
  const [flag] =
    entries.find(([, parameter]) => path === parameter || path.startsWith(`${parameter}.`)) ?? [];
  return flag === undefined ? path : `--${flag}`;
}

/** A word of --from alone, which the server does not know. */
const orAll = (path: string): string => (path === PARAMETERS.from ? ', or all' : '');
