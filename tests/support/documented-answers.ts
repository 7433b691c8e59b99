import type { OpenApi, OperationObject, ResponseObject } from './documented.ts';
import { documentText, Judge, pointerTo } from './documented.ts';

/** An answer of the server; `body` is JSON where the media type says so. */
export type JudgedAnswer = {
  readonly status: number;
  header(name: string): string | null;
  readonly body: unknown;
};

/** For what every route can be told, whatever it is asked. */
const EVERYWHERE: Readonly<Record<number, string>> = { 404: 'not-found', 405: 'method-not-allowed' };

/** Judges what a server answers by docs/openapi.json, and keeps which of the documented answers were seen. */
export class DocumentedAnswers {
  /** As `get /readyz 503 draining`. */
  readonly seen = new Set<string>();
  readonly #document = JSON.parse(documentText('openapi')) as OpenApi;
  readonly #judge = new Judge(this.#document, { isExact: true });
  readonly #paths = Object.keys(this.#document.paths).map((path) => ({ path, pattern: patternOf(path) }));

  /** Every answer that the document has, as in `seen`. */
  get promised(): string[] {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, response]) =>
          kindsOf(response).map((kind) => `${method} ${path} ${status}${kind}`),
        ),
      ),
    );
  }

  /** @throws Error where the document does not have such an answer */
  take(method: string, target: string, answer: JudgedAnswer): void {
    const found = this.#find(method.toLowerCase(), new URL(target, 'http://server').pathname);
    const fault = found === null ? faultOfNothing(answer) : this.#faultOf(found, answer);
    if (fault === null) return;
    throw new Error(
      `${method} ${target} was answered by what no document has: ${fault}\n${JSON.stringify(answer)}`,
    );
  }

  #find(method: string, pathname: string) {
    const path = this.#paths.find(({ pattern }) => pattern.test(pathname))?.path ?? '';
    const operation = this.#document.paths[path]?.[method];
    return operation === undefined ? null : { path, method, operation };
  }

  #faultOf(
    { path, method, operation }: { path: string; method: string; operation: OperationObject },
    answer: JudgedAnswer,
  ): string | null {
    const response = operation.responses[answer.status];
    if (response === undefined) return `${answer.status} is no status of ${method} ${path}`;
    const absent = Object.keys(response.headers ?? {}).filter((name) => answer.header(name) === null);
    if (absent.length > 0) return `it lacks ${absent.join(', ')}`;
    const mediaType = answer.header('content-type')?.toLowerCase() ?? '';
    const media = Object.keys(response.content ?? {}).find((name) => name === mediaType);
    if (response.content !== undefined && media === undefined) return `"${mediaType}" is no media type of it`;
    this.seen.add(`${method} ${path} ${answer.status}${kindOf(answer.body)}`);
    if (media === undefined || !media.includes('json')) return null;
    const pointer = pointerTo('paths', path, method, 'responses', answer.status, 'content', media, 'schema');
    return this.#judge.fault(pointer, answer.body);
  }
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`);

/** Of what is at no route, or at one with other methods. */
function faultOfNothing({ status, body }: JudgedAnswer): string | null {
  const code = EVERYWHERE[status];
  return code !== undefined && kindOf(body) === ` ${code}` ? null : 'there is no such route';
}

function kindOf(body: unknown): string {
  const type = typeof body === 'object' && body !== null && 'type' in body ? String(body.type) : '';
  return type.startsWith('urn:') ? ` ${type.split(':').at(-1)}` : '';
}

function kindsOf({ content }: ResponseObject): string[] {
  const problem = content?.['application/problem+json']?.schema.allOf?.[1];
  const types = typeof problem === 'object' ? problem.properties?.type : undefined;
  return typeof types === 'object' ? (types.enum ?? []).map((type) => kindOf({ type })) : [''];
}
