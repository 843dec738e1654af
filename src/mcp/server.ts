/**
 * An MCP server for one client: the tools over the operations, for every protocol version the SDK
 * speaks. Holds nothing of a run; a session that ends leaves every run going on.
 */
import {
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
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
import {
  type AskedPlaces,
  askPerson,
  broughtAnswer,
  createAskedPlaces,
  type PersonAnswer,
} from './ask-person.ts';
import { callTool, type ToolCall } from './call-tool.ts';
import { serveCompletions } from './completions.ts';
import type { EventFeed } from './event-feed.ts';
import {
  createTeller,
  type Hearing,
  hears,
  type Say,
  type SessionState,
  type Teller,
  type ToldPorts,
} from './notices.ts';
import { createProgress, type Progress } from './progress.ts';
import { servePrompts } from './prompts.ts';
import { onRequest, PARAMS } from './request-params.ts';
import { serveResources } from './resources.ts';
import { agentOf, hasPerson, mayHear, type Party, personOf, speaking } from './speaking.ts';
import { INSTRUCTIONS, toolList } from './tool-list.ts';
import { type Spelling, spelled, TOOLS, type ToolName, toolNamed } from './tool-names.ts';

export interface McpDeps extends Party {
  readonly ops: Ops;
  readonly log: Logger;
  readonly version: string;
  readonly feed: EventFeed;
  /** What is kept for agents that are away; without it nothing is. */
  readonly told?: ToldPorts;
  /** Ends waiting when this process stops; what was started goes on. */
  readonly stopping?: AbortSignal;
  /** Is shown every call that is being answered. */
  readonly onCall?: (answered: Promise<unknown>) => void;
  /** Shared by servers that answer one request each; without it a server has its own. */
  readonly places?: AskedPlaces;
}

/** When a session is told what it did not ask for: once initialized, from the beginning, or never. */
type Notices = 'initialized' | 'now' | 'never';

interface Session {
  readonly deps: McpDeps;
  readonly server: Server;
  readonly spelling: Spelling;
  readonly state: SessionState;
  readonly places: AskedPlaces;
  readonly teller: Teller;
}

/** A session that hears whatever is sent, as long as it is there. */
const hearsAlways = (): Hearing => ({ isOpen: () => true, onOpen: null });

/** A server that lists its tools in this spelling; the caller connects it to a transport. */
export function createMcpServer(
  deps: McpDeps,
  spelling: Spelling,
  notices: Notices = 'initialized',
  hearing: Hearing = hearsAlways(),
): Server {
  const server = new Server(
    { name: 'opcode', title: 'Opcode', version: deps.version },
    {
      capabilities: {
        tools: {},
        resources: { subscribe: true },
        prompts: {},
        completions: {},
        logging: {},
      },
      instructions: INSTRUCTIONS,
    },
  );
  const state: SessionState = {
    agents: new Set(),
    uris: new Set(),
    level: null,
    // Over streams the newest protocol listens at the transport.
    sortsUris: notices === 'now',
  };
  const { places = createAskedPlaces(), feed, log, told = null } = deps;
  const teller = createTeller({ server, feed, log, spelling, state, told, hearing });
  const session: Session = { deps, server, spelling, state, places, teller };
  onRequest(server, 'tools/list', PARAMS.page, async () => ({ tools: toolList(spelling) }));
  onRequest(server, 'logging/setLevel', PARAMS.level, async ({ level }) => {
    state.level = level;
    return {};
  });
  server.setRequestHandler('tools/call', (request, ctx) => {
    const answered = answer(session, request.params, ctx);
    deps.onCall?.(answered);
    return answered;
  });
  const reader = { agentId: null, role: 'viewer', sender: 'agent' } as const;
  const reading: CallContext = { caller: reader, exec: null };
  serveResources(server, deps.ops, reading, state.uris);
  serveCompletions(server, deps.ops, reading);
  servePrompts(server, spelling);
  if (notices !== 'never') tellUnasked(session, notices);
  return server;
}

function tellUnasked({ deps, server, teller }: Session, notices: Notices): void {
  const start = (): void => {
    const agentId = agentOf(deps, null, server.getClientVersion()?.name ?? null);
    if (agentId !== null && mayHear(deps, agentId)) teller.speaks(agentId, null);
    teller.start();
  };
  if (notices === 'now') start();
  else server.oninitialized = start;
  server.onclose = teller.stop;
}

interface CallParams {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

async function answer(session: Session, params: CallParams, ctx: ServerContext) {
  const tool = toolNamed(params.name);
  if (tool === null) {
    const known = TOOLS.map((name) => spelled(name, session.spelling)).join(', ');
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `there is no tool "${params.name.slice(0, 100)}"; the tools are ${known}`,
    );
  }
  const progress = progressOf(session, ctx);
  try {
    return await answerAsked(session, tool, params, ctx, progress);
  } catch (thrown) {
    if (thrown instanceof ProtocolError) throw thrown;
    if (!(thrown instanceof AppError) || thrown.code === 'INTERNAL') {
      session.deps.log.error('a tool call failed', { tool, error: messageOf(thrown) });
    }
    return failureResult(thrown);
  } finally {
    progress?.stop();
  }
}

async function answerAsked(
  session: Session,
  tool: ToolName,
  params: CallParams,
  ctx: ServerContext,
  progress: Progress | null,
) {
  const { deps, server, spelling, places } = session;
  const call: ToolCall = {
    ops: deps.ops,
    ctx: contextOf(session, params, ctx, progress),
    spelling,
    showsProgress: progress !== null,
  };
  const decide = (given: PersonAnswer): Promise<ToolResult> => decideFor(session, call, given);
  const { abort } = call.ctx;
  const asking = { server, ctx, log: deps.log, places, abort, decide };
  const ask = (result: ToolResult) => (hasPerson(deps) ? askPerson(asking, result) : result);
  const brought = await broughtAnswer(ctx, places);
  if (brought !== null) {
    // The call was made before: what it started must not be started again.
    if ('choice' in brought) return ask(await decide(brought));
    return callTool('status', call, { workflow_id: brought.workflowId });
  }
  const workflowId = params.arguments?.workflow_id;
  if (typeof workflowId === 'string' && workflowId !== '') progress?.of(workflowId);
  return ask(await callTool(tool, call, params.arguments));
}

/** The person at the client decides; the run is then waited for like after any signal. */
async function decideFor(
  { deps, server }: Session,
  call: ToolCall,
  { workflowId, stepId, choice, reasoning }: PersonAnswer,
): Promise<ToolResult> {
  const client = server.getClientVersion()?.name ?? 'client';
  const caller = personOf(deps, client);
  await deps.ops.signal(
    { ...call.ctx, caller },
    {
      workflow_id: workflowId,
      signal_type: 'decision',
      step_id: stepId,
      payload: { choice },
      ...(reasoning === null ? {} : { reasoning }),
    },
  );
  return callTool('status', call, { workflow_id: workflowId, wait: '25s' });
}

function progressOf({ deps }: Session, ctx: ServerContext): Progress | null {
  const progressToken = ctx.mcpReq._meta?.progressToken;
  if (progressToken === undefined) return null;
  return createProgress(deps.feed, (report) => {
    ctx.mcpReq
      .notify({ method: 'notifications/progress', params: { progressToken, ...report } })
      .catch((thrown: unknown) =>
        deps.log.debug('progress could not be told', { error: messageOf(thrown) }),
      );
  });
}

function contextOf(
  { deps, server, teller, state }: Session,
  params: CallParams,
  ctx: ServerContext,
  progress: Progress | null,
): CallContext {
  const given = params.arguments?.agent_id;
  // One that is too long the operation refuses; nobody is to be told things under it.
  const isName = typeof given === 'string' && given !== '' && given.length <= MAX_NAME_CHARS;
  const named = isName ? given : null;
  const agentId = agentOf(deps, named, clientName(server, ctx));
  const { log } = ctx.mcpReq;
  if (agentId !== null && mayHear(deps, agentId)) {
    const say: Say = async (level, data) => {
      if (hears(state, level)) await log(level, data, 'opcode');
    };
    teller.speaks(agentId, mayLog(ctx) ? say : null);
  }
  const { signal } = ctx.mcpReq;
  const { stopping } = deps;
  return {
    caller: speaking(deps, agentId),
    exec: null,
    abort: stopping === undefined ? signal : AbortSignal.any([signal, stopping]),
    ...(progress === null ? {} : { onStarted: progress.of }),
  };
}

/** In the newest protocol a request says whether it wants to be told things. */
function mayLog({ mcpReq: { envelope } }: ServerContext): boolean {
  if (envelope === undefined) return true;
  return (envelope as Readonly<Record<string, unknown>>)[LOG_LEVEL_META_KEY] !== undefined;
}

const MAX_NAME_CHARS = 128;

/** The client's name: with the request (newest protocol), else from its `initialize`. */
function clientName(server: Server, ctx: ServerContext): string {
  const envelope = (ctx.mcpReq.envelope ?? {}) as Readonly<Record<string, unknown>>;
  const info: unknown = envelope[CLIENT_INFO_META_KEY] ?? server.getClientVersion();
  const given = isJsonObject(info) && typeof info.name === 'string' ? info.name : '';
  const name = given.replaceAll(/\p{Cc}+/gu, ' ').trim();
  return name === '' ? 'anonymous' : name.slice(0, MAX_NAME_CHARS);
}
