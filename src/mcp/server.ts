/**
 * An MCP server for one client: the tools over the operations, for every protocol version the SDK
 * speaks. Holds nothing of a run; a session that ends leaves every run going on.
 */
import {
  CLIENT_INFO_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { AppError, messageOf } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { Logger } from '../model/ports.ts';
import type { Ops } from '../ops/catalog.ts';
import type { CallContext } from '../ops/operation.ts';
import { failureResult, type ToolResult } from './answers.ts';
import { callTool } from './call-tool.ts';
import { INSTRUCTIONS, toolList } from './tool-list.ts';
import { type Spelling, spelled, TOOLS, toolNamed } from './tool-names.ts';

export interface McpDeps {
  readonly ops: Ops;
  readonly log: Logger;
  readonly version: string;
  /** Ends waiting when this process stops; what was started goes on. */
  readonly stopping?: AbortSignal;
  /** Is shown every call that is being answered. */
  readonly onCall?: (answered: Promise<unknown>) => void;
}

/** A server that lists its tools in this spelling; the caller connects it to a transport. */
export function createMcpServer(deps: McpDeps, spelling: Spelling): Server {
  const server = new Server(
    { name: 'opcode', title: 'Opcode', version: deps.version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  const tools = toolList(spelling);
  server.setRequestHandler('tools/list', async () => ({ tools: tools as never }));
  server.setRequestHandler('tools/call', (request, ctx) => {
    const answered = answer(deps, server, spelling, request.params, ctx);
    deps.onCall?.(answered);
    return answered;
  });
  return server;
}

interface CallParams {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

async function answer(
  deps: McpDeps,
  server: Server,
  spelling: Spelling,
  params: CallParams,
  ctx: ServerContext,
): Promise<ToolResult> {
  const tool = toolNamed(params.name);
  if (tool === null) {
    const known = TOOLS.map((name) => spelled(name, spelling)).join(', ');
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `there is no tool "${params.name.slice(0, 100)}"; the tools are ${known}`,
    );
  }
  try {
    const call = {
      ops: deps.ops,
      ctx: contextOf(deps, server, params, ctx),
      spelling,
      showsProgress: false,
    };
    return await callTool(tool, call, params.arguments);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code === 'INTERNAL') {
      deps.log.error('a tool call failed', { tool, error: messageOf(thrown) });
    }
    return failureResult(thrown);
  }
}

/** An agent speaks: by the name it gives, else by that of its client. */
function contextOf(
  { stopping }: McpDeps,
  server: Server,
  params: CallParams,
  ctx: ServerContext,
): CallContext {
  const given = params.arguments?.agent_id;
  const agentId = typeof given === 'string' && given !== '' ? given : clientName(server, ctx);
  const { signal } = ctx.mcpReq;
  return {
    caller: { agentId, role: 'agent', sender: 'agent' },
    exec: null,
    abort: stopping === undefined ? signal : AbortSignal.any([signal, stopping]),
  };
}

const MAX_NAME_CHARS = 128;

/** The client's name: with the request (newest protocol), else from its `initialize`. */
function clientName(server: Server, ctx: ServerContext): string {
  const envelope = (ctx.mcpReq.envelope ?? {}) as Readonly<Record<string, unknown>>;
  const info: unknown = envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion();
  const name = isJsonObject(info) && typeof info.name === 'string' ? info.name.trim() : '';
  return name === '' ? 'anonymous' : name.slice(0, MAX_NAME_CHARS);
}
