/**
 * Who may do what: the one table of roles, and the one check over it.
 *
 * Every operation names what it needs; finer rules (whose template, whose decision) stand where that
 * thing is known. `local` is whoever may open the database anyway.
 */
import { AppError } from '../model/error.ts';
import type { Signal } from '../model/input.ts';

export type Role = Signal['role'];

/**
 * `read`: look. `decide`: answer and reject decisions. `act`: define, run, steer runs.
 * `operate`: what concerns the whole server. `admin`: tokens and settings.
 */
export type Access = 'read' | 'decide' | 'act' | 'operate' | 'admin';

const ALL: readonly Access[] = ['read', 'decide', 'act', 'operate', 'admin'];

/** What each role may do. */
export const ROLES: Readonly<Record<Role, readonly Access[]>> = {
  viewer: ['read'],
  approver: ['read', 'decide'],
  agent: ['read', 'decide', 'act'],
  operator: ['read', 'decide', 'act', 'operate'],
  admin: ALL,
  local: ALL,
};

/** What a signal needs beyond being allowed to decide: only a decision, or failing a step that waits, is one. */
export const signalAccess = (type: Signal['type'], stepId: string | undefined): Access =>
  type === 'decision' || (type === 'cancel' && stepId !== undefined) ? 'decide' : 'act';

export const mayDo = (role: Role, access: Access): boolean => ROLES[role].includes(access);

/** @throws PERMISSION_DENIED saying what the role may do and who may do this */
export function requireAccess(role: Role, access: Access, what: string): void {
  if (mayDo(role, access)) return;
  const others = (Object.keys(ROLES) as Role[]).filter(
    (each) => each !== 'local' && mayDo(each, access),
  );
  throw new AppError(
    'PERMISSION_DENIED',
    `${what}: the role ${role} may only ${ROLES[role].join(', ')}; this needs ${access}`,
    {
      hint: `a token of the role ${others.join(', ').replace(/, (\w+)$/, ' or $1')} may`,
      details: { role, needs: access },
    },
  );
}
