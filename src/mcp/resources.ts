/**
 * Resources of a session: runs and templates to read, pictures of runs, and subscriptions to changes.
 */
import {
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  type Server,
} from '@modelcontextprotocol/server';
import { AppError } from '../model/error.ts';
import type { JsonObject } from '../model/json.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { withinBudget } from './budget.ts';
import { onRequest, PARAMS } from './request-params.ts';
import { type ResourceRef, readUri, runUri, templateUri } from './resource-uris.ts';

/** Runs and templates in one list. */
const LISTED = 50;
const MAX_BYTES = 256 * 1024;
/** What a session may have subscribed to at once, and how long an address is at most. */
const MAX_SUBSCRIBED = 1000;
const MAX_URI_CHARS = 1024;

const TEMPLATES = [
  {
    uriTemplate: 'opcode://runs/{id}',
    name: 'run',
    description: 'A run: steps, decisions, context, output',
    mimeType: 'application/json',
  },
  {
    uriTemplate: 'opcode://runs/{id}/diagram',
    name: 'run-diagram',
    description: 'A run drawn as text',
    mimeType: 'text/plain',
  },
  {
    uriTemplate: 'opcode://templates/{name}',
    name: 'template',
    description: 'The newest version of a template',
    mimeType: 'application/json',
  },
];

/** The addresses as the list of templates spells them. */
export const RESOURCE_TEMPLATES: readonly string[] = TEMPLATES.map(
  ({ uriTemplate }) => uriTemplate,
);

/** Answers the resource requests of a session; `uris` holds what it has subscribed to. */
export function serveResources(
  server: Server,
  ops: Ops,
  ctx: CallContext,
  uris: Set<string>,
): void {
  onRequest(server, 'resources/list', PARAMS.page, async () => ({
    resources: await list(ops, ctx),
  }));
  onRequest(server, 'resources/templates/list', PARAMS.page, async () => ({
    resourceTemplates: TEMPLATES,
  }));
  onRequest(server, 'resources/read', PARAMS.resource, async ({ uri }) => {
    const { text, mimeType } = await read(ops, ctx, uri);
    return { contents: [{ uri, mimeType, text }] };
  });
  onRequest(server, 'resources/subscribe', PARAMS.resource, async ({ uri }) => {
    if (uri.length > MAX_URI_CHARS || readUri(uri) === null) {
      throw noSuch(uri);
    }
    if (!uris.has(uri) && uris.size >= MAX_SUBSCRIBED) {
      const message = `a session subscribes to at most ${MAX_SUBSCRIBED} resources`;
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    uris.add(uri);
    return {};
  });
  onRequest(server, 'resources/unsubscribe', PARAMS.resource, async ({ uri }) => {
    uris.delete(uri);
    return {};
  });
}

async function list(ops: Ops, ctx: CallContext) {
  const filter = { limit: LISTED };
  const { workflows = [] } = await ops.query(ctx, { resource: 'workflows', filter });
  const { templates = [] } = await ops.query(ctx, { resource: 'templates', filter });
  const runs = workflows.map(({ workflow_id, name, status }) => ({
    uri: runUri(workflow_id),
    name: `${name ?? 'workflow'} ${workflow_id}`,
    description: status,
    mimeType: 'application/json',
  }));
  const defined = templates.map(({ name, version, description }) => ({
    uri: templateUri(name),
    name,
    description: description ?? `version ${version}`,
    mimeType: 'application/json',
  }));
  return [...runs, ...defined];
}

async function read(ops: Ops, ctx: CallContext, uri: string) {
  const ref = readUri(uri);
  if (ref === null) throw noSuch(uri);
  try {
    return await textOf(ops, ctx, ref);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'NOT_FOUND') {
      const { message, hint } = thrown;
      throw new ResourceNotFoundError(uri, hint === undefined ? message : `${message}; ${hint}`);
    }
    throw thrown;
  }
}

function noSuch(given: string): ResourceNotFoundError {
  const uri = given.slice(0, MAX_URI_CHARS);
  const message = `there is no resource "${uri}"; there are ${RESOURCE_TEMPLATES.join(', ')}`;
  return new ResourceNotFoundError(uri, message);
}

async function textOf(ops: Ops, ctx: CallContext, ref: ResourceRef) {
  if (ref.kind === 'diagram') {
    const drawn = await ops.diagram(ctx, { workflow_id: ref.workflowId, format: 'ascii' });
    return { text: drawn.text ?? '', mimeType: 'text/plain' };
  }
  const value =
    ref.kind === 'template'
      ? await ops.template(ctx, { template_name: ref.name })
      : await ops.status(ctx, { workflow_id: ref.workflowId });
  const budget = { maxBytes: MAX_BYTES, getStep: null };
  const short = withinBudget(value as unknown as JsonObject, budget);
  return { text: JSON.stringify(short, null, 2), mimeType: 'application/json' };
}
