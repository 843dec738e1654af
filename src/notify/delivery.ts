/**
 * Delivering what the outbox holds, at least once: claimed with a lease, sent, settled.
 *
 * A channel has its own few deliveries at a time, so one that hangs holds up no other. One that fails is
 * left alone for a while and then tried with one message at a time. What could not be delivered within
 * a day is given up, with a line in the log. What is in flight at a stop is due again at once.
 */
import { AppError, messageOf } from '../model/error.ts';
import { isJsonObject } from '../model/json.ts';
import type { NoticeOutcome, NoticeRow, NoticeStore } from '../model/notice-store.ts';
import type { Clock, Logger } from '../model/ports.ts';
import { toRfc3339 } from '../model/time.ts';
import type { Channel, ChannelSet } from './channels.ts';

export interface DeliveryLimits {
  readonly perChannel: number;
  readonly total: number;
  /** After the first failure; doubled with each. */
  readonly firstRetryMs: number;
  readonly longestRetryMs: number;
  readonly giveUpMs: number;
  /** How long what was settled can be looked at. */
  readonly keptMs: number;
  /** How often rows of other processes are looked for. */
  readonly pollMs: number;
  readonly cleanMs: number;
}

const DEFAULT_DELIVERY_LIMITS: DeliveryLimits = {
  perChannel: 4,
  total: 16,
  firstRetryMs: 2_000,
  longestRetryMs: 15 * 60_000,
  giveUpMs: 24 * 3_600_000,
  keptMs: 7 * 86_400_000,
  pollMs: 1_000,
  cleanMs: 60_000,
};

export interface DeliveryDeps {
  readonly store: NoticeStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly channels: () => ChannelSet;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly limits?: Partial<DeliveryLimits>;
}

export interface Delivering {
  /** There may be something new. */
  poke(): void;
  /** The channels were set anew: failures of before do not count. */
  renewed(): void;
  /** Nothing is in flight and nothing is due; for tests and for a stop in good order. */
  idle(): boolean;
  /** Breaks off what is in flight; resolves when it is over. */
  close(): Promise<void>;
}

interface State {
  readonly deps: DeliveryDeps;
  readonly limits: DeliveryLimits;
  readonly stop: AbortController;
  readonly inFlight: Map<string, Set<Promise<void>>>;
  /** Channels that failed: how often in a row, and until when they are left alone. */
  readonly failing: Map<string, { readonly times: number; readonly until: number }>;
  cleanAt: number;
  /** True while the store cannot be used; said once. */
  storeFails: boolean;
  look: () => void;
}

/** Room for what is around a delivery: after it, whoever claimed must be gone. */
const LEASE_MARGIN_MS = 30_000;
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/** Delivers until it is closed. */
export function startDelivery(deps: DeliveryDeps): Delivering {
  const limits = { ...DEFAULT_DELIVERY_LIMITS, ...deps.limits };
  const state: State = {
    deps,
    limits,
    stop: new AbortController(),
    inFlight: new Map(),
    failing: new Map(),
    cleanAt: deps.clock.now(),
    storeFails: false,
    look: () => undefined,
  };
  const { clock } = deps;
  let cancel: () => void = () => undefined;
  let isPoked = false;
  const round = (): void => {
    cancel();
    isPoked = false;
    if (state.stop.signal.aborted) return;
    lookSafely(state);
    cancel = clock.after(limits.pollMs, round);
  };
  state.look = () => {
    if (isPoked || state.stop.signal.aborted) return;
    isPoked = true;
    clock.soon(round);
  };
  state.look();
  return {
    poke: () => state.look(),
    renewed() {
      state.failing.clear();
      state.look();
    },
    idle: () => !isPoked && countInFlight(state) === 0,
    async close() {
      cancel();
      state.stop.abort();
      await Promise.all([...state.inFlight.values()].flatMap((running) => [...running]));
    },
  };
}

function lookSafely(state: State): void {
  const { log } = state.deps;
  try {
    clean(state);
    claimAll(state);
    state.storeFails = false;
  } catch (thrown) {
    if (!state.storeFails) {
      log.error('the outbox cannot be read; it is tried again', { error: messageOf(thrown) });
    }
    state.storeFails = true;
  }
}

function countInFlight({ inFlight }: State): number {
  let count = 0;
  for (const running of inFlight.values()) count += running.size;
  return count;
}

function claimAll(state: State): void {
  const { deps, failing } = state;
  const set = deps.channels();
  const nowMs = deps.clock.now();
  const next = set.names.length === 0 ? null : deps.store.nextNoticeAt(set.names);
  if (next === null || next > nowMs) return;
  // The one with the fewest in flight first, so that none is always served last.
  const running = (name: string): number => state.inFlight.get(name)?.size ?? 0;
  const names = [...set.names].sort((a, b) => running(a) - running(b));
  for (const name of names) {
    const channel = set.get(name);
    const failed = failing.get(name);
    if (channel === undefined || (failed !== undefined && failed.until > nowMs)) continue;
    claimFor(state, channel, freeOf(state, name, failed !== undefined), nowMs);
  }
}

function freeOf(state: State, name: string, isFailing: boolean): number {
  const { perChannel, total } = state.limits;
  const own = (isFailing ? 1 : perChannel) - (state.inFlight.get(name)?.size ?? 0);
  return Math.max(0, Math.min(own, total - countInFlight(state)));
}

function claimFor(state: State, channel: Channel, limit: number, nowMs: number): void {
  if (limit === 0) return;
  const leaseUntil = nowMs + channel.timeoutMs + LEASE_MARGIN_MS;
  const rows = state.deps.store.claimNotices({ channel: channel.name, nowMs, leaseUntil, limit });
  const running = state.inFlight.get(channel.name) ?? new Set<Promise<void>>();
  state.inFlight.set(channel.name, running);
  for (const row of rows) {
    const delivered = deliver(state, channel, row);
    running.add(delivered);
    void delivered.finally(() => {
      running.delete(delivered);
      state.look();
    });
  }
}

/** Never rejects. */
async function deliver(state: State, channel: Channel, row: NoticeRow): Promise<void> {
  const { deps, failing, stop } = state;
  let thrown: unknown = null;
  try {
    await channel.send(row.key, row.payload, stop.signal);
    failing.delete(channel.name);
  } catch (error) {
    thrown = error ?? new Error('it failed');
  }
  const outcome = thrown === null ? null : failureOf(state, channel, row, thrown);
  const at = deps.clock.now();
  try {
    deps.store.settleNotice(row.id, row.attempts, outcome ?? { kind: 'delivered', at });
  } catch (error) {
    // Its lease ends, and it is told again: twice rather than never.
    const fields = { channel: channel.name, event: row.key, error: messageOf(error) };
    deps.log.warn('it cannot be noted how a notice went', fields);
  }
}

function failureOf(
  state: State,
  { name }: Channel,
  row: NoticeRow,
  thrown: unknown,
): NoticeOutcome {
  const { deps, limits, failing, stop } = state;
  const at = deps.clock.now();
  const error = messageOf(thrown);
  if (stop.signal.aborted) return { kind: 'failed', error: 'this process stopped', at, nextAt: at };
  const times = (failing.get(name)?.times ?? 0) + 1;
  const asked = retryAfterOf(thrown);
  failing.set(name, { times, until: at + Math.max(backOff(state, times), asked) });
  const fields = { channel: name, event: row.key, kind: row.kind, error };
  if (times === 1) deps.log.warn('a notice could not be delivered; it is tried again', fields);
  const nextAt = at + Math.max(backOff(state, row.attempts), asked);
  if (nextAt <= row.createdAt + limits.giveUpMs) return { kind: 'failed', error, at, nextAt };
  deps.log.error('a notice could not be delivered and is given up', fields);
  return { kind: 'gave_up', error, at };
}

/** Doubled with each failure, up to a limit, by a quarter more or less. */
function backOff({ deps, limits }: State, times: number): number {
  const { firstRetryMs, longestRetryMs } = limits;
  const whole = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(times - 1, 30));
  return Math.round(whole * (0.75 + deps.random() * 0.5));
}

function retryAfterOf(thrown: unknown): number {
  const details = thrown instanceof AppError ? thrown.details : undefined;
  const asked = isJsonObject(details) ? details.retry_after_ms : undefined;
  return typeof asked === 'number' ? Math.min(asked, LONGEST_RETRY_AFTER_MS) : 0;
}

const GIVEN_UP_AT_ONCE = 100;

/** Gives up what nobody could try (its channel is gone, or failed all the time); forgets what is old. */
function clean(state: State): void {
  const { deps, limits } = state;
  const { store, log, clock } = deps;
  const nowMs = clock.now();
  if (nowMs < state.cleanAt) return;
  state.cleanAt = nowMs + limits.cleanMs;
  for (const row of store.giveUpNotices(nowMs - limits.giveUpMs, nowMs, GIVEN_UP_AT_ONCE)) {
    const { channel, key: event, kind, lastError: error } = row;
    log.error('a notice could not be delivered and is given up', {
      channel,
      event,
      kind,
      born: toRfc3339(row.createdAt),
      error: error ?? 'it could not be tried',
    });
  }
  store.pruneNotices(nowMs - limits.keptMs);
  store.pruneTold(nowMs, nowMs - limits.keptMs);
}
