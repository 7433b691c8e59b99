import type { ProblemDetails, ProblemFault } from '../errors.ts';

/**
 * Why an event was not accepted. `invalid`: the event itself (`faults`). `too_large`: it fits in no request. `queue_full`: too
 * many wait already. `unavailable`: it was sent again and again, in vain (`mayBePublished`). `refused`: the server takes
 * nothing from this worker (`problem`: a wrong key, say). `closed`: the publisher is.
 */
export type PublishErrorCode = 'invalid' | 'too_large' | 'queue_full' | 'unavailable' | 'refused' | 'closed';

export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly code: PublishErrorCode;
  /** Of the last answer; null where there was none. */
  readonly status: number | null;
  readonly problem: ProblemDetails | null;
  /** What is wrong with this event, each with its path in it (`payload.task_id`). */
  readonly faults: readonly ProblemFault[];
  /** Whether a server may have accepted the event nonetheless: the answer was lost, or said nothing of it. */
  readonly mayBePublished: boolean;

  constructor(
    code: PublishErrorCode,
    message: string,
    {
      status = null,
      problem = null,
      faults = [],
      mayBePublished = false,
    }: {
      readonly status?: number | null;
      readonly problem?: ProblemDetails | null;
      readonly faults?: readonly ProblemFault[];
      readonly mayBePublished?: boolean;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.problem = problem;
    this.faults = faults;
    this.mayBePublished = mayBePublished;
  }
}
