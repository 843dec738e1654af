/**
 * The record of who did what, when and from where: what changes something, and what was refused.
 *
 * Rows hold names and ids, never what was sent. They are written a moment later, many in one
 * transaction, so that no call waits for them; what concerns tokens and settings is written at once.
 */
import type { AuditStore, NewAudit } from '../model/access-store.ts';
import type { Clock } from '../model/ports.ts';
import type { CallContext, Caller } from './operation.ts';
import { withoutTokens } from './token-secret.ts';

interface AuditEntry extends Pick<NewAudit, 'action' | 'target' | 'outcome' | 'detail'> {
  /** For who has none: the caller's is not told then. */
  readonly role?: string;
}

export interface Audit {
  note(ctx: Pick<CallContext, 'caller' | 'exec'>, entry: AuditEntry): void;
  /** Writes what is still to be written. @throws STORE_ERROR */
  flush(): void;
}

/** How long rows may be on their way. */
const DELAY_MS = 200;
/** Rows that are held while they cannot be written; beyond that the oldest are given up and counted. */
const MAX_HELD = 10_000;
/** Rows that are kept; older ones are forgotten. */
const KEPT_ROWS = 100_000;
const MAX_TEXT_CHARS = 300;
/** Of a longer text the end is not even masked: what is cut there stays far behind what is kept. */
const MAX_LOOKED_CHARS = 16 * 1024;
/** Refusals of one caller that are kept in a minute: nobody pushes out the record of others by trying. */
const MAX_REFUSALS = 60;
const REFUSALS_MS = 60_000;
const MAX_CALLERS = 10_000;

/** A recorder over the store; `mask` makes secrets in a text unreadable. */
export function createAudit(
  store: Pick<AuditStore, 'addAudit'>,
  clock: Pick<Clock, 'now' | 'after'>,
  mask: (text: string) => string,
): Audit {
  let held: NewAudit[] = [];
  let lost = 0;
  let cancel: (() => void) | null = null;
  const keeps = createRefusals(clock);
  const bounded = (text: string): string =>
    withoutTokens(mask(text.slice(0, MAX_LOOKED_CHARS))).slice(0, MAX_TEXT_CHARS);

  const flush = (): void => {
    cancel?.();
    cancel = null;
    if (held.length === 0) return;
    const gone = lost === 0 ? [] : [lostRow(lost, clock.now())];
    store.addAudit([...gone, ...held], KEPT_ROWS);
    held = [];
    lost = 0;
  };
  const later = (): void => {
    cancel = null;
    try {
      flush();
    } catch {
      // The disk is full or the file is locked: the rows are held, and tried again with the next.
      cancel = clock.after(DELAY_MS * 25, later);
    }
  };
  return {
    note({ caller, exec }, { action, target, outcome, detail, role = caller.role }) {
      if (outcome === 'refused' && !keeps(caller.tokenId ?? actorOf(caller))) return;
      held.push({
        at: clock.now(),
        actor: bounded(actorOf(caller)),
        role,
        tokenId: caller.tokenId ?? null,
        origin: caller.from ?? (exec === null ? 'server' : 'cli'),
        action,
        target: target === null ? null : bounded(target),
        outcome,
        detail: detail === null ? null : bounded(detail),
      });
      if (held.length > MAX_HELD) {
        held.shift();
        lost += 1;
      }
      cancel ??= clock.after(DELAY_MS, later);
    },
    flush,
  };
}

/** Whether one more refusal of a caller is kept. */
function createRefusals(clock: Pick<Clock, 'now'>): (caller: string) => boolean {
  const windows = new Map<string, { readonly endsAt: number; count: number }>();
  return (caller) => {
    const now = clock.now();
    let window = windows.get(caller);
    if (window === undefined || window.endsAt <= now || window.endsAt > now + REFUSALS_MS) {
      const [oldest] = windows.keys();
      if (windows.size >= MAX_CALLERS && oldest !== undefined) windows.delete(oldest);
      windows.delete(caller);
      window = { endsAt: now + REFUSALS_MS, count: 0 };
      windows.set(caller, window);
    }
    window.count += 1;
    return window.count <= MAX_REFUSALS;
  };
}

const actorOf = ({ agentId, name }: Caller): string => agentId ?? name ?? 'unknown';

const lostRow = (count: number, at: number): NewAudit => ({
  at,
  actor: 'system',
  role: 'local',
  tokenId: null,
  origin: 'server',
  action: 'audit',
  target: null,
  outcome: 'failed',
  detail: `${count} earlier entries could not be written`,
});
