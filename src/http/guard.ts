/**
 * What every request must pass before anything looks at it: the name it was sent to, the page it comes
 * from, and its content type. Against pages of other sites in the user's browser, also when their name
 * was made to point here; against forms, which can send anything but JSON.
 */

import { isIP } from 'node:net';
import { AppError } from '../model/error.ts';
import type { Origin } from './access-origin.ts';

export interface GuardRules {
  /** Host names that mean this server, lower case, without port. */
  readonly hosts: readonly string[];
  /** True: so does every address. A page cannot make a name of an address. */
  readonly anyAddress: boolean;
  /** Origins of pages that may call it besides its own: that of the base URL. */
  readonly origins: readonly string[];
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Rules for a server on these addresses that others may know by a base URL. @throws VALIDATION_ERROR */
export function guardRules(
  hosts: readonly string[],
  baseUrl: string | null,
  isPublic: boolean,
): GuardRules {
  const base = baseUrl === null ? [] : [parsedBaseUrl(baseUrl)];
  const own = hosts.filter((host) => !isEveryAddress(host));
  return {
    anyAddress: isPublic,
    hosts: [
      ...LOOPBACK_NAMES,
      ...own.map((host) => (host.includes(':') ? `[${host}]` : host.toLowerCase())),
      ...base.map((url) => url.hostname),
    ],
    origins: base.map((url) => url.origin),
  };
}

function parsedBaseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new AppError('VALIDATION_ERROR', `base_url: "${text}" is no http or https URL`, {
    hint: 'write the address by which others reach the server: https://opcode.example.com',
  });
}

const isEveryAddress = (host: string): boolean => host === '0.0.0.0' || host === '::';

const MAX_HEADERS = 100;
const MAX_HEADER_CHARS = 16 * 1024;

/** The refusal of a request whose headers are more than anybody needs, else null. */
function headersRefusal(headers: Headers): Response | null {
  let count = 0;
  let chars = 0;
  for (const [name, value] of headers) {
    count += 1;
    chars += name.length + value.length;
  }
  if (count > MAX_HEADERS) return refuse(431, `more than ${MAX_HEADERS} headers`);
  if (chars > MAX_HEADER_CHARS)
    return refuse(431, `more than ${MAX_HEADER_CHARS} bytes of headers`);
  return null;
}

/** The refusal of a request, null when it may go on. `anyContent`: what it brings does not matter. */
export function refusal(
  request: Request,
  { host, scheme }: Pick<Origin, 'host' | 'scheme'>,
  rules: GuardRules,
  anyContent = false,
): Response | null {
  const { headers } = request;
  const tooMuch = headersRefusal(headers);
  if (tooMuch !== null) return tooMuch;
  if (!isOurs(hostName(host), rules)) {
    const message = `this server is not "${host.slice(0, 200)}"`;
    return refuse(403, rules.anyAddress ? `${message}: set base_url to the name it has` : message);
  }
  const origin = headers.get('origin');
  if (origin !== null && origin !== `${scheme}://${host}` && !rules.origins.includes(origin)) {
    return refuse(403, `pages of ${origin.slice(0, 200)} may not call this server`);
  }
  // A request without an origin that a page of another site caused: a link, an image, a script.
  const site = headers.get('sec-fetch-site');
  if (origin === null && site !== null && site !== 'same-origin' && site !== 'none') {
    return refuse(403, 'pages of other sites may not call this server');
  }
  if (anyContent || !WRITES.has(request.method) || isEmpty(request)) return null;
  if (isJson(headers.get('content-type'))) return null;
  return refuse(415, 'send JSON, with the header content-type: application/json');
}

function isOurs(name: string, { hosts, anyAddress }: GuardRules): boolean {
  if (hosts.includes(name)) return true;
  const address = name.replace(/^\[(.*)\]$/, '$1');
  return anyAddress && isIP(address) !== 0 && !isEveryAddress(address);
}

const hostName = (host: string): string => host.toLowerCase().replace(/:\d{1,5}$/, '');

const isJson = (type: string | null): boolean =>
  (type ?? '').split(';', 1)[0]?.trim().toLowerCase() === 'application/json';

/** Brings nothing. A form always says a content type, and a script of another site an origin. */
const isEmpty = ({ body, headers }: Request): boolean =>
  body === null && !headers.has('content-type') && (headers.get('content-length') ?? '0') === '0';

/** An error as JSON, in the one shape that the server answers with. */
export const refuse = (
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  Response.json({ error: { code: CODES[status] ?? 'INTERNAL', message } }, { status, headers });

const CODES: Readonly<Record<number, string>> = {
  400: 'VALIDATION_ERROR',
  401: 'PERMISSION_DENIED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'VALIDATION_ERROR',
  408: 'TIMEOUT_ERROR',
  413: 'VALIDATION_ERROR',
  415: 'VALIDATION_ERROR',
  429: 'LIMIT_EXCEEDED',
  431: 'VALIDATION_ERROR',
  503: 'ACTION_UNAVAILABLE',
};
