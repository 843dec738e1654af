/**
 * Who calls: a token when tokens are there, else a process of this user on this machine.
 *
 * As soon as one token can be used nobody comes in without one, and a server that others can reach
 * never lets anybody in without. The token itself appears in no log, record or answer.
 */
import type { Logger } from '../model/ports.ts';
import type { Audit } from '../ops/audit.ts';
import type { Caller } from '../ops/operation.ts';
import type { Authentication, TokenAuth } from '../ops/token-auth.ts';
import { createThrottle } from './access-throttle.ts';
import { refuse } from './guard.ts';

export interface Access {
  /** True when a request without a token is let in if its process is ours. */
  isByProcess(): boolean;
  /** Who comes with these headers, or the refusal. Only to be asked when tokens are needed. */
  identify(request: Request, address: string): Caller | Response;
  /** False when this caller would no longer be let in. */
  isWelcome(caller: Caller): boolean;
  /** Somebody was refused for this reason: goes into the log and the record, a few times a minute. */
  refused(address: string, reason: string): void;
}

export interface AccessDeps {
  readonly auth: TokenAuth;
  readonly audit: Audit;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** True for a server that others can reach: nobody comes in without a token, whatever is stored. */
  readonly isPublic: boolean;
}

/** Whoever may open the database anyway. */
export const localCaller = (address: string): Caller => ({
  agentId: null,
  name: 'local',
  role: 'local',
  sender: 'person',
  from: `http ${address}`,
});

/** A caller of a path that is open to everybody: it may do nothing by itself. */
export const openCaller = (address: string): Caller => ({
  agentId: null,
  name: 'anybody',
  role: 'viewer',
  sender: 'system',
  from: `http ${address}`,
});

/** The access of a server. */
export function createAccess(deps: AccessDeps): Access {
  const { auth, audit, log, isPublic } = deps;
  const throttle = createThrottle(deps.now);
  const refused = (address: string, reason: string): void => {
    if (!throttle.fail(address).isTold) return;
    log.warn('a request was refused', { address, reason });
    const entry = { action: 'access', target: null, outcome: 'refused', detail: reason } as const;
    audit.note({ caller: openCaller(address), exec: null }, { ...entry, role: 'none' });
  };
  const failed = (address: string, { reason }: { readonly reason: string }): Response => {
    const wait = throttle.wait(address);
    refused(address, `the token is ${reason}`);
    return wait === null ? unauthorized(WHY[reason] ?? '') : tooMany(wait);
  };
  return {
    isByProcess: () => !isPublic && !auth.isNeeded(),
    identify(request, address) {
      const header = request.headers.get('authorization');
      const token = header === null ? null : bearerOf(header);
      if (token === null) {
        log.debug('a request without a token was refused', { address });
        return unauthorized(
          header === null
            ? 'this server needs a token: send the header Authorization: Bearer opc_…'
            : 'the header Authorization must be Bearer and a token',
        );
      }
      const found: Authentication = auth.authenticate(token);
      if (!found.ok) return failed(address, found);
      return { ...found.caller, from: `http ${address}` };
    },
    isWelcome(caller) {
      if (caller.tokenId !== undefined) return auth.isUsable(caller.tokenId);
      return caller.role !== 'local' || (!isPublic && !auth.isNeeded());
    },
    refused,
  };
}

const bearerOf = (header: string): string | null =>
  /^Bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1] ?? null;

const WHY: Readonly<Record<string, string>> = {
  unknown: 'this server does not know this token',
  revoked: 'this token was revoked: ask for a new one',
  expired: 'this token has expired: ask for a new one',
};

const unauthorized = (message: string): Response =>
  refuse(401, message, { 'www-authenticate': 'Bearer realm="opcode"' });

/** The answer to somebody who was let in before and no longer is. */
export const noLongerWelcome = (): Response =>
  unauthorized('this token can no longer be used: ask for a new one');

const tooMany = (seconds: number): Response =>
  refuse(429, `too many wrong tokens came from this address: try again in ${seconds} s`, {
    'retry-after': String(seconds),
  });
