/** One fault of a request, as the server names it (RFC 9457, member `errors`). */
export type ProblemFault = { readonly path: string; readonly detail: string };

/** A refusal as the server words it: `application/problem+json` (RFC 9457). */
export type ProblemDetails = {
  /** `urn:agentcast:problem:` and a name. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly errors?: readonly ProblemFault[];
};

/**
 * Why a connection ended for good.
 * `refused`: the server does not let this client in (`problem` says why). `closed`: it closed the connection, and coming back
 * unchanged makes no sense (`closeCode`). `token_expired`: there is no `getToken` to get another. `unusable`: this runtime
 * cannot connect with such an address or token.
 */
export type EndCode = 'refused' | 'closed' | 'token_expired' | 'unusable';

/** The end of a connection that will not come back by itself. No message of it holds a token. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
  readonly code: EndCode;
  /** Of the WebSocket, where it was closed. */
  readonly closeCode: number | null;
  readonly problem: ProblemDetails | null;

  constructor(
    code: EndCode,
    message: string,
    { closeCode = null, problem = null }: { closeCode?: number | null; problem?: ProblemDetails | null } = {},
  ) {
    super(message);
    this.code = code;
    this.closeCode = closeCode;
    this.problem = problem;
  }
}

/** The problem in the body of a refusal; null where it holds none. */
export function problemIn(text: string): ProblemDetails | null {
  try {
    const value = JSON.parse(text) as ProblemDetails | null;
    if (typeof value?.type !== 'string' || typeof value.title !== 'string') return null;
    const { detail, errors, ...rest } = value;
    const faults = Array.isArray(errors) ? { errors: errors.filter(isFault) } : {};
    return { ...rest, ...(typeof detail === 'string' ? { detail } : {}), ...faults };
  } catch {
    return null;
  }
}

/** Whoever stands between may answer with anything. */
const isFault = (fault: Partial<ProblemFault> | null): boolean =>
  typeof fault?.path === 'string' && typeof fault.detail === 'string';

/** A problem in one line, each fault with its path. */
export function problemLine(status: number, problem: ProblemDetails | null): string {
  if (problem === null) return `status ${status}`;
  const faults = problem.errors?.map(({ path, detail }) => `${path}: ${detail}`) ?? [];
  return `${status} ${[problem.detail ?? problem.title, ...faults].join('; ')}`;
}
