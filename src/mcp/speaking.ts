/**
 * Who speaks over MCP: always an agent, whoever's token it has; only a form that is shown to a person
 * is answered by one, and behind the token of an agent there is no person, whatever the client says.
 */
import type { Caller } from '../ops/operation.ts';

/** Who came, and what that entitles to. */
export interface Party {
  /** With a token; left out: whoever is at the other end, as an agent without one. */
  readonly caller?: Caller;
  /** Whether a caller may hear and say what is an agent's; left out: every name is believed. */
  readonly maySpeakFor?: (caller: Caller, agentId: string) => boolean;
  /** The agent that the client's address names. */
  readonly agent?: string;
}

/** Names that frameworks give to every client: whoever has one has none of its own. */
const OF_NOBODY: ReadonlySet<string> = new Set([
  'mcp',
  'opcode',
  'client',
  'mcp-client',
  'ai-sdk-mcp-client',
  '@langchain/mcp-adapters',
]);
const ANONYMOUS = 'anonymous';

/**
 * The token's agent, else the one that is named by the call, else by the address, else the client; none
 * for who only looks or decides.
 */
export function agentOf(
  { caller, agent }: Party,
  named: string | null,
  client: string | null,
): string | null {
  if (caller?.boundTo !== undefined) return caller.boundTo;
  if (named !== null) return named;
  if (agent !== undefined) return agent;
  if (caller?.role === 'viewer' || caller?.role === 'approver') return null;
  return client !== null && OF_NOBODY.has(client.toLowerCase()) ? ANONYMOUS : client;
}

/** True when the party may be told what is addressed to this agent. */
export const mayHear = ({ caller, maySpeakFor }: Party, agentId: string): boolean =>
  caller === undefined || (maySpeakFor?.(caller, agentId) ?? true);

/** The caller of an operation, with the agent that speaks. */
export function speaking({ caller }: Party, agentId: string | null): Caller {
  const from = caller?.from?.replace(/^http/, 'mcp') ?? 'mcp';
  if (caller === undefined || caller.role === 'local') {
    return { agentId, role: 'agent', sender: 'agent', from };
  }
  return { ...caller, agentId, sender: 'agent', from };
}

/** True when a person may be at the client. */
export const hasPerson = ({ caller }: Party): boolean => caller?.sender !== 'agent';

/** The person who answers a form of this client. */
export function personOf({ caller }: Party, client: string): Caller {
  if (caller !== undefined && caller.role !== 'local') return caller;
  const from = caller?.from?.replace(/^http/, 'mcp') ?? 'mcp';
  return { agentId: null, name: `mcp:${client}`, role: 'approver', sender: 'person', from };
}
