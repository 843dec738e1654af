/**
 * What every request must pass before anything looks at it: the name it was sent to, the page it comes
 * from, and its content type. Against pages of other sites in the user's browser, also when their name
 * was made to point here; against forms, which can send anything but JSON.
 */

export interface GuardRules {
  /** Host names that mean this server, lower case, without port. */
  readonly hosts: readonly string[];
  /** Origins of pages that may call it besides its own: that of the base URL. */
  readonly origins: readonly string[];
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Rules for a server on these addresses that others may know by a base URL. */
export function guardRules(hosts: readonly string[], baseUrl: string | null): GuardRules {
  const base = baseUrl === null ? [] : [new URL(baseUrl)];
  return {
    hosts: [
      ...LOOPBACK_NAMES,
      ...hosts.map((host) => (host.includes(':') ? `[${host}]` : host)),
      ...base.map((url) => url.hostname),
    ],
    origins: base.map((url) => url.origin),
  };
}

/** The refusal of a request, null when it may go on. */
export function refusal(request: Request, rules: GuardRules): Response | null {
  const { headers } = request;
  const host = headers.get('host') ?? '';
  if (!rules.hosts.includes(hostName(host))) {
    return refuse(403, `this server is not "${host.slice(0, 200)}"`);
  }
  const origin = headers.get('origin');
  if (origin !== null && origin !== `http://${host}` && !rules.origins.includes(origin)) {
    return refuse(403, `pages of ${origin.slice(0, 200)} may not call this server`);
  }
  // A request without an origin that a page of another site caused: a link, an image, a script.
  const site = headers.get('sec-fetch-site');
  if (origin === null && site !== null && site !== 'same-origin' && site !== 'none') {
    return refuse(403, 'pages of other sites may not call this server');
  }
  if (!WRITES.has(request.method) || isEmptyDelete(request)) return null;
  if (isJson(headers.get('content-type'))) return null;
  return refuse(415, 'send JSON, with the header content-type: application/json');
}

const hostName = (host: string): string => host.toLowerCase().replace(/:\d{1,5}$/, '');

const isJson = (type: string | null): boolean =>
  (type ?? '').split(';', 1)[0]?.trim().toLowerCase() === 'application/json';

/** Needs no body, and no page of another site can send it without asking first. */
const isEmptyDelete = ({ method, headers }: Request): boolean =>
  method === 'DELETE' && (headers.get('content-length') ?? '0') === '0';

/** An error as JSON, in the one shape that the server answers with. */
export const refuse = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  Response.json({ error: { code: CODES[status] ?? 'INTERNAL', message } }, { status, headers });

const CODES: Readonly<Record<number, string>> = {
  400: 'VALIDATION_ERROR',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'VALIDATION_ERROR',
  415: 'VALIDATION_ERROR',
  503: 'ACTION_UNAVAILABLE',
};
