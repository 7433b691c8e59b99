import { printable } from './message-text.ts';

type ProblemBody = {
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly errors?: readonly { readonly path: unknown; readonly detail: unknown }[];
};

/** A refusal in one line: what problem+json (RFC 9457) says where the body is one, else its first words. */
export function problemText(status: number, body: string): string {
  const { title, detail, errors } = problemOf(body);
  const faults = Array.isArray(errors) ? errors.map((fault) => `${fault.path}: ${fault.detail}`) : [];
  const parts = [title, detail, ...faults].filter((part) => typeof part === 'string' && part !== '');
  return printable(`${status} ${parts.length > 0 ? parts.join(' - ') : body.slice(0, 200)}`);
}

function problemOf(body: string): ProblemBody {
  try {
    return (JSON.parse(body) ?? {}) as ProblemBody;
  } catch {
    return {};
  }
}
