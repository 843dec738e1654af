/**
 * `http.*`: the table of the http actions; one exchange is carried out in `http-exchange.ts`.
 */
import type { ActionDef, EffectAction, ParamSpec } from '../model/action.ts';
import type { Effect } from '../model/definition.ts';
import type { JsonObject } from '../model/json.ts';
import type { ActionDeps } from './deps.ts';
import { callHttp } from './http-call.ts';
import { METHODS, methodOf, requestProblem } from './http-request.ts';

const off: ParamSpec = { type: 'boolean', default: false };

const SHARED: EffectAction['params'] = {
  url: { type: 'string', required: true, secrets: true },
  query: { type: 'object', lenient: true, sparse: true, secrets: true },
  headers: { type: 'object', lenient: true, sparse: true, secrets: true },
  auth: {
    type: 'object',
    sparse: true,
    secrets: true,
    description: 'type bearer, basic or api_key',
  },
  timeout: { type: 'duration', description: "whole exchange; default: the step's, else 30s" },
  follow_redirects: { type: 'boolean', default: true },
  max_redirects: { type: 'integer', default: 10 },
  tls_skip_verify: off,
  fail_on_error_status: off,
  max_response_bytes: { type: 'integer' },
  save_to: { type: 'string', description: 'file the body is written to' },
  response_encoding: { type: 'string', values: ['auto', 'text', 'base64'], default: 'auto' },
};

const BODY: EffectAction['params'] = {
  body: { type: 'any', secrets: true, nullWasAbsent: true },
  body_encoding: {
    type: 'string',
    values: ['json', 'form', 'text', 'raw', 'base64'],
    default: 'json',
  },
  idempotency_key: {
    type: 'boolean',
    default: true,
    description: 'sends Idempotency-Key with POST and PATCH',
  },
};

const METHOD: EffectAction['params'] = {
  method: { type: 'string', default: 'GET', description: METHODS.join(', ') },
};

export function httpActions(deps: ActionDeps): readonly ActionDef[] {
  const action = (name: string, description: string, params: EffectAction['params']) =>
    httpAction(deps, name, description, params);
  const withBody = { ...SHARED, ...BODY };
  return [
    action('http.request', 'An HTTP request of any method.', { ...withBody, ...METHOD }),
    action('http.get', 'An HTTP GET.', SHARED),
    action('http.post', 'An HTTP POST.', withBody),
    action('http.put', 'An HTTP PUT.', withBody),
    action('http.patch', 'An HTTP PATCH.', withBody),
    action('http.delete', 'An HTTP DELETE.', withBody),
    action('http.head', 'An HTTP HEAD.', SHARED),
  ];
}

function httpAction(
  deps: ActionDeps,
  name: string,
  description: string,
  params: EffectAction['params'],
): EffectAction {
  const withMethod = (given: JsonObject): JsonObject =>
    name === 'http.request' ? given : { ...given, method: name.slice('http.'.length) };
  const effectOf = (given: JsonObject): Effect => effectOfCall(withMethod(given));
  return {
    name,
    description,
    inline: false,
    boundsItsOutput: true,
    effect: effectOf({}),
    params,
    effectOf,
    check: (given) => requestProblem(withMethod(given)),
    breaker: ({ url }) => originOf(String(url)),
    run: (given, context) => callHttp(deps, withMethod(given), context),
  };
}

/** What repeating the call would do: by its method, and at least writing a file again. */
function effectOfCall(params: JsonObject): Effect {
  const method = methodOf(params);
  if (method === 'PUT' || method === 'DELETE') return 'idempotent';
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') {
    return params.save_to === undefined ? 'read' : 'idempotent';
  }
  return 'unsafe';
}

/** The breaker's target: scheme, host and port. */
function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}
