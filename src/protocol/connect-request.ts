import * as v from 'valibot';
import { MAX_EPOCH_LENGTH } from './client-messages.ts';
import { faultsOf, namedFaults } from './faults.ts';
import type { Filters } from './filters.ts';
import { filtersSchema } from './filters.ts';
import { shorten, show } from './ids.ts';
import type { Fault } from './problems.ts';

/** Where a client wants to go on: after a position, or from now on. */
export type ResumeFrom =
  | { readonly kind: 'after'; readonly sequenceId: number; readonly epoch: string | null }
  | { readonly kind: 'latest' };

export type ConnectRequest = { readonly filters: Filters; readonly resumeFrom: ResumeFrom };

export type ConnectRequestResult =
  | { readonly kind: 'request'; readonly request: ConnectRequest }
  | { readonly kind: 'faults'; readonly faults: readonly Fault[] };

const LISTS = ['agent_ids', 'project_ids', 'event_types'] as const;
/** Every parameter that the query may have. */
export const CONNECT_PARAMETERS = ['token', ...LISTS, 'last_sequence_id', 'epoch'] as const;
const KNOWN: readonly string[] = CONNECT_PARAMETERS;

/** Reads the query of `GET /ws/agents` (contract §3), every fault of it. The token is not looked at here. */
export function parseConnectRequest(query: URLSearchParams): ConnectRequestResult {
  const faults: Fault[] = [];
  for (const name of new Set(query.keys())) {
    if (!KNOWN.includes(name)) {
      faults.push({ path: shorten(name), detail: `unknown parameter, wanted one of ${KNOWN.join(', ')}` });
    } else if (query.getAll(name).length > 1) {
      faults.push({ path: name, detail: 'given more than once' });
    }
  }
  const filters = v.safeParse(
    filtersSchema,
    Object.fromEntries(LISTS.map((name) => [name, listOf(query, name)])),
  );
  if (!filters.success) faults.push(...faultsOf(filters.issues));
  const sequenceId = sequenceIdOf(query.get('last_sequence_id') ?? '0', faults);
  const epoch = query.get('epoch');
  if (epoch !== null && (epoch === '' || epoch.length > MAX_EPOCH_LENGTH)) {
    faults.push({ path: 'epoch', detail: `got ${epoch.length} characters, wanted 1 to ${MAX_EPOCH_LENGTH}` });
  }
  if (faults.length > 0 || !filters.success) return { kind: 'faults', faults: namedFaults(faults) };
  const resumeFrom: ResumeFrom =
    sequenceId === 'latest' ? { kind: 'latest' } : { kind: 'after', sequenceId, epoch };
  return { kind: 'request', request: { filters: filters.output, resumeFrom } };
}

const listOf = (query: URLSearchParams, name: string): string[] | null => query.get(name)?.split(',') ?? null;

function sequenceIdOf(text: string, faults: Fault[]): number | 'latest' {
  if (text === 'latest') return text;
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  const wanted = `an integer from 0 to ${Number.MAX_SAFE_INTEGER}, or latest`;
  faults.push({ path: 'last_sequence_id', detail: `got ${show(text)}, wanted ${wanted}` });
  return 0;
}
