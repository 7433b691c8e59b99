import type { PageFile } from './dashboard-files.ts';

export type PageOptions = {
  readonly files: readonly PageFile[];
  /** `/session.json` of the page; holds a token, so it is given to this machine alone. */
  session(): Promise<{ readonly url: string; readonly token: string }>;
  /** Publishes a burst; absent: the page has no button for it. */
  readonly flood?: () => Promise<void>;
  /** Where else the page may connect, as CSP sources; absent: to its own origin. */
  readonly connectTo?: readonly string[];
};

/** Answers what is for the page; null for anything else. */
export type Page = (request: Request) => Promise<Response> | null;

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * The dashboard page of the demo. Whoever names this machine otherwise is refused: a page of a stranger could have had its
 * own name point here (DNS rebinding) to get at the token.
 */
export function createPage(options: PageOptions): Page {
  const { connectTo = [] } = options;
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${["'self'", ...connectTo].join(' ')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  const routes = routesOf(options);
  return (request) => {
    const { pathname, hostname } = new URL(request.url);
    const route = routes.get(`${request.method === 'HEAD' ? 'GET' : request.method} ${pathname}`);
    if (route === undefined) return null;
    if (!LOOPBACK.includes(hostname)) return Promise.resolve(refused(`got the host ${hostname}`));
    return route(request, headers);
  };
}

type Route = (request: Request, headers: Readonly<Record<string, string>>) => Promise<Response>;

function routesOf({ files, session, flood }: PageOptions): ReadonlyMap<string, Route> {
  const fixed = files.map(({ name, type, body }): [string, Route] => [
    `GET /${name === 'index.html' ? '' : name}`,
    async (_, headers) => new Response(body, { headers: { ...headers, 'content-type': type } }),
  ]);
  const sessionRoute: Route = async (_, headers) => {
    const given = { ...(await session()), ...(flood === undefined ? {} : { flood: 'flood' }) };
    return Response.json(given, { headers });
  };
  const routes = new Map([...fixed, ['GET /session.json', sessionRoute] as const]);
  if (flood !== undefined) routes.set('POST /flood', floodRoute(flood));
  return routes;
}

/** A page of another origin cannot send this header, as no answer of ours allows it (CORS). */
const floodRoute =
  (flood: () => Promise<void>): Route =>
  async (request, headers) => {
    if (request.headers.get('x-agentcast-flood') !== '1')
      return refused('got no header x-agentcast-flood: 1');
    await flood();
    return new Response(null, { status: 204, headers });
  };

const refused = (got: string): Response =>
  new Response(`${got}, wanted the page of this demo on this machine\n`, { status: 403 });
