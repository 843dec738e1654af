/** What a client of Streamable HTTP takes, said as the protocol says it. */

/** Both forms that an answer may have. */
const BOTH = ['application/json', 'text/event-stream'] as const;

/**
 * The request with both forms written out when ranges of its `Accept` hold them (any type, other capitals),
 * or when it has none, which means any; else the request itself. The body is not taken along: it was read.
 */
export function spelledOut(request: Request): Request {
  const { url, method, headers, signal } = request;
  const accept = headers.get('accept')?.trim() || '*/*';
  if (BOTH.every((type) => accept.includes(type))) return request;
  if (!BOTH.every((type) => covers(accept, type))) return request;
  const given = new Headers(headers);
  given.set('accept', BOTH.join(', '));
  return new Request(url, { method, headers: given, signal });
}

/** Whether a range of the list that is not ruled out (`q=0`) holds the type. */
function covers(accept: string, type: string): boolean {
  const [main] = type.split('/');
  return accept.split(',').some((each) => {
    const [range = '', ...params] = each.split(';').map((part) => part.trim().toLowerCase());
    const isRuledOut = params.some((param) => /^q=0(?:\.0*)?$/.test(param));
    return !isRuledOut && (range === '*/*' || range === `${main}/*` || range === type);
  });
}
