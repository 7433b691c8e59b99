import type { Admission, Applicant } from '../core/admission.ts';
import type { TokenVerifier } from '../core/ports/auth.ts';
import type { Metrics } from '../core/ports/metrics.ts';
import { Slots } from '../core/slots.ts';
import type { ConnectRequest } from '../protocol/connect-request.ts';
import { parseConnectRequest } from '../protocol/connect-request.ts';
import type { Problem } from '../protocol/problems.ts';
import { problemResponse } from '../protocol/problems.ts';
import type { AppContext } from './context.ts';
import { newRoutes } from './context.ts';
import { crossOrigin, isAllowed } from './cross-origin.ts';
import { onlyMethods } from './methods.ts';
import { offersBearer, tokenOf } from './token.ts';

const PATH = '/ws/agents';
/** Subprotocol under which a browser, which can set no header, hands over its token: `bearer, <jwt>`. */
export const BEARER = 'bearer';

export type AgentRoutesOptions = {
  readonly admission: Admission;
  readonly verifyToken: TokenVerifier;
  readonly metrics: Metrics;
  /** In lower case; null allows every origin. */
  readonly allowedOrigins: readonly string[] | null;
  clientAddress(context: AppContext): string;
};

type Applied = { readonly applicant: Applicant; readonly request: ConnectRequest };

/**
 * How many upgrades are decided at a time. In a reconnect storm the others wait: all at once, they would keep each other
 * from an answer of the engine in time.
 */
const CONCURRENT_DECISIONS = 128;

/** `GET /ws/agents` (contract §3): every refusal comes before the upgrade, and a plain GET is told the same. */
export function agentRoutes(options: AgentRoutesOptions) {
  const slots = new Slots(CONCURRENT_DECISIONS);
  return newRoutes()
    .use(PATH, crossOrigin(options.allowedOrigins))
    .get(PATH, (c) => answer(c, options, slots))
    .all(onlyMethods('GET, HEAD'));
}

async function answer(c: AppContext, options: AgentRoutesOptions, slots: Slots): Promise<Response> {
  const decided = await decide(c, options, slots);
  if (decided instanceof Response) return decided;
  // Only a plain request is told to upgrade, or one whose client has gone: neither was refused anything.
  if (c.env.upgrade !== null && decided !== UPGRADE_REQUIRED) options.metrics.upgradeRefused(decided.code);
  c.set('refusedFor', reasonOf(decided));
  return problemResponse(decided);
}

async function decide(c: AppContext, options: AgentRoutesOptions, slots: Slots): Promise<Response | Problem> {
  const applied = await apply(c, options);
  if ('code' in applied) return applied;
  return slots.run(() => admitOrExplain(c, options, applied));
}

async function admitOrExplain(
  c: AppContext,
  options: AgentRoutesOptions,
  applied: Applied,
): Promise<Response | Problem> {
  // It may have gone away while it waited.
  if (c.env.upgrade?.isAbandoned ?? c.req.raw.signal.aborted) return UPGRADE_REQUIRED;
  const { admission } = options;
  if (c.env.upgrade === null) {
    return (await admission.explain(applied.applicant)) ?? UPGRADE_REQUIRED;
  }
  const result = await admission.admit(applied.applicant, applied.request);
  if (result.kind === 'refused') return result.problem;
  return c.env.upgrade.accept({ ...result.acceptance, protocol: offersBearer(c) ? BEARER : null });
}

const UPGRADE_REQUIRED: Problem = {
  code: 'upgrade-required',
  detail: 'got a plain request, wanted a WebSocket upgrade; with one, this request would be accepted',
  headers: { upgrade: 'websocket', connection: 'upgrade' },
};

/** Who applies and what for, or why not. */
async function apply(c: AppContext, options: AgentRoutesOptions): Promise<Applied | Problem> {
  const parsed = parseConnectRequest(new URL(c.req.url).searchParams);
  if (parsed.kind === 'faults') {
    return { code: 'invalid-parameters', detail: 'the query is not valid', errors: parsed.faults };
  }
  const origin = c.req.header('origin');
  if (origin !== undefined && options.allowedOrigins !== null && !isAllowed(origin, options.allowedOrigins)) {
    return { code: 'origin-not-allowed', detail: 'this origin may not connect here' };
  }
  const token = tokenOf(c);
  if (token === null) return NO_TOKEN;
  const result = await options.verifyToken(token);
  switch (result.kind) {
    case 'valid': {
      const { userId, expiresAt: tokenExpiresAt } = result;
      const address = options.clientAddress(c);
      const applicant = { userId, tokenExpiresAt, address, requestId: c.env.requestId };
      return { applicant, request: parsed.request };
    }
    case 'invalid':
      return unauthorized(result.detail);
    case 'unavailable':
      return { code: 'keys-unavailable', detail: result.detail, retryAfterMs: 2_000 };
  }
}

const unauthorized = (detail: string): Problem => ({
  code: 'unauthorized',
  detail,
  headers: { 'www-authenticate': 'Bearer' },
});

const NO_TOKEN = unauthorized('no token: send ?token=, Authorization: Bearer, or the subprotocol pair');

/** For the log: of a token, what was wrong with it. */
function reasonOf(problem: Problem): string {
  if (problem === NO_TOKEN) return 'no token';
  return problem.code === 'unauthorized' ? problem.detail : problem.code;
}
