/**
 * Completion of what a person types into a client: names of templates and ids of runs, where a prompt
 * or the address of a resource asks for one.
 */
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { promptNames } from './prompts.ts';
import { onRequest, PARAMS } from './request-params.ts';
import { RESOURCE_TEMPLATES } from './resources.ts';

type Kind = 'run' | 'template';

/** As many as the protocol lets an answer hold. */
const MAX_VALUES = 100;
/** Runs and templates that are looked through, newest first. */
const LOOKED_THROUGH = 1000;

/** What an argument of a prompt names; other arguments are free text. */
const PROMPT_ARGUMENTS: Readonly<Record<string, Kind>> = { workflow_id: 'run', name: 'template' };
const URI_ARGUMENTS: Readonly<Record<string, Kind>> = { id: 'run', name: 'template' };

/** Answers the completion requests of a session. */
export function serveCompletions(server: Server, ops: Ops, ctx: CallContext): void {
  onRequest(server, 'completion/complete', PARAMS.completion, async ({ ref, argument }) => {
    const kind =
      ref.type === 'ref/prompt'
        ? kindOf(promptNames(), ref.name, PROMPT_ARGUMENTS, argument.name)
        : kindOf(RESOURCE_TEMPLATES, ref.uri, URI_ARGUMENTS, argument.name);
    const all = kind === null ? [] : await namesOf(ops, ctx, kind);
    const fitting = all.filter((name) => name.startsWith(argument.value));
    const values = fitting.slice(0, MAX_VALUES);
    return {
      completion: { values, total: fitting.length, hasMore: fitting.length > values.length },
    };
  });
}

/** @throws -32602 for a prompt or an address that is not there */
function kindOf(
  known: readonly string[],
  asked: string,
  args: Readonly<Record<string, Kind>>,
  argument: string,
): Kind | null {
  if (!known.includes(asked)) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `nothing to complete for "${asked.slice(0, 100)}"; there are ${known.join(', ')}`,
    );
  }
  return Object.hasOwn(args, argument) ? (args[argument] ?? null) : null;
}

async function namesOf(ops: Ops, ctx: CallContext, kind: Kind): Promise<readonly string[]> {
  const filter = { limit: LOOKED_THROUGH };
  if (kind === 'template') {
    const { templates = [] } = await ops.query(ctx, { resource: 'templates', filter });
    return templates.map(({ name }) => name);
  }
  const { workflows = [] } = await ops.query(ctx, { resource: 'workflows', filter });
  return workflows.map(({ workflow_id }) => workflow_id);
}
