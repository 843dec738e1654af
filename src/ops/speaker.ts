/**
 * Which agent a call speaks for: the one it names, else the caller's own.
 *
 * A caller with a token of an agent speaks for that agent alone, and for an agent that has a token
 * nobody speaks who comes with another agent's. Without tokens a name is only what the caller says.
 */
import { AppError } from '../model/error.ts';
import type { Caller } from './operation.ts';

/** The agent of a call. @throws PERMISSION_DENIED when the caller may not speak for it */
export function speakerOf(
  caller: Caller,
  named: string | null,
  hasToken: (agentId: string) => boolean,
): string | null {
  const { boundTo, role, tokenId } = caller;
  const agentId = named ?? caller.agentId;
  if (boundTo !== undefined) {
    if (agentId === null || agentId === boundTo) return boundTo;
    throw denied(
      `this token speaks for "${boundTo}", not for "${agentId}"`,
      'leave agent_id out, or come with a token of that agent',
    );
  }
  if (agentId === null) return null;
  if (agentId === caller.agentId && role !== 'agent') return agentId;
  if (role === 'viewer' || role === 'approver') {
    throw denied(`agent_id: the role ${role} speaks for no agent`, 'leave agent_id out');
  }
  if (role === 'agent' && tokenId !== undefined && hasToken(agentId)) {
    throw denied(
      `"${agentId}" has a token of its own, and this is another`,
      'come with the token of that agent, or under another name',
    );
  }
  return agentId;
}

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
