/**
 * Which agent a call speaks for: the one it names, else the caller's own.
 *
 * A caller with a token of an agent speaks for that agent alone, and for an agent that has a token, or
 * had one, nobody speaks who comes with another agent's. Without tokens a name is only what the caller says.
 */
import { AppError } from '../model/error.ts';
import type { Caller } from './operation.ts';

/** The agent of a call. @throws PERMISSION_DENIED when the caller may not speak for it */
export function speakerOf(
  caller: Caller,
  named: string | null,
  hasToken: (agentId: string) => boolean,
): string | null {
  const { boundTo } = caller;
  const agentId = named ?? caller.agentId;
  if (agentId === null) return boundTo ?? null;
  const isOwn = caller.sender !== 'agent' && agentId === caller.agentId;
  if (isOwn) return agentId;
  if (isReserved(agentId)) {
    throw denied(`"${agentId}" is no name for an agent`, 'choose one without cli:, mcp: or token:');
  }
  if (boundTo === undefined) checkUnbound(caller, agentId, hasToken);
  else if (agentId !== boundTo) {
    throw denied(
      `this token speaks for "${boundTo}", not for "${agentId}"`,
      'leave agent_id out, or come with a token of that agent',
    );
  }
  return agentId;
}

function checkUnbound(
  { role, tokenId }: Caller,
  agentId: string,
  hasToken: (agentId: string) => boolean,
): void {
  if (role === 'viewer' || role === 'approver') {
    throw denied(`agent_id: the role ${role} speaks for no agent`, 'leave agent_id out');
  }
  if (role === 'agent' && tokenId !== undefined && hasToken(agentId)) {
    throw denied(
      `"${agentId}" has a token of its own (or had one), and this is another`,
      'come with the token of that agent, or under another name',
    );
  }
}

/** Names under which persons and the server itself stand in logs. */
export const isReserved = (agentId: string): boolean =>
  /^(cli|mcp|token):|^(local|system|anybody)$/.test(agentId);

/** Whether a caller may speak for this agent, and hear what is told to it. */
export function maySpeakFor(
  caller: Caller,
  agentId: string,
  hasToken: (agentId: string) => boolean,
): boolean {
  try {
    return speakerOf(caller, agentId, hasToken) === agentId;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'PERMISSION_DENIED') return false;
    throw thrown;
  }
}

const denied = (message: string, hint: string): AppError =>
  new AppError('PERMISSION_DENIED', message, { hint });
