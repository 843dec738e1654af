/**
 * Sessions of HTTP clients: created on first contact, ended by the client, by the server, or when
 * nobody has used them for a long time (clients leave without a word).
 */

export interface Session {
  close(): Promise<void>;
}

interface Held<S> {
  readonly session: S;
  readonly owner: string;
  usedAt: number;
  /** Streams and requests that are open; while there are some the session is in use. */
  open: number;
}

export interface Sessions<S extends Session> {
  /** False when there are already too many. `owner`: whose it is, the only one who finds it. */
  add(id: string, session: S, owner?: string): boolean;
  get(id: string, owner?: string): S | null;
  /** Marks the session as used until the returned function is called. */
  use(id: string): () => void;
  remove(id: string): void;
  readonly size: () => number;
  close(): Promise<void>;
}

export interface SessionLimits {
  readonly maxSessions: number;
  /** Of one owner that has a name: with one token nobody keeps everybody else out. */
  readonly maxOfOwner: number;
  /** After so long a session that nobody uses is ended. */
  readonly idleMs: number;
  /** And after so long when there is no room for another: clients that are started for each call. */
  readonly leastIdleMs: number;
  readonly now: () => number;
}

const DEFAULT_LIMITS: SessionLimits = {
  maxSessions: 1000,
  maxOfOwner: 250,
  idleMs: 30 * 60_000,
  leastIdleMs: 10_000,
  now: () => performance.now(),
};

function countOf(all: Iterable<{ readonly owner: string }>, owner: string): number {
  let count = 0;
  for (const each of all) if (each.owner === owner) count += 1;
  return count;
}

/** Sessions by id, and the round that ends the forgotten ones. */
export function createSessions<S extends Session>(
  limits: SessionLimits = DEFAULT_LIMITS,
): Sessions<S> {
  const held = new Map<string, Held<S>>();
  const reap = (): void => {
    const before = limits.now() - limits.idleMs;
    for (const [id, { session, usedAt, open }] of held) {
      if (open > 0 || usedAt > before) continue;
      held.delete(id);
      void session.close();
    }
  };
  /** Ends the one (of this owner) that was idle for longest, if that was long enough. */
  const makeRoom = (of: string | null): void => {
    const before = limits.now() - limits.leastIdleMs;
    const idle = [...held].filter(
      ([, { open, usedAt, owner }]) =>
        open === 0 && usedAt <= before && (of === null || owner === of),
    );
    const [oldest] = idle.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    if (oldest === undefined) return;
    const [id, { session }] = oldest;
    held.delete(id);
    void session.close();
  };
  const hasTooMany = (owner: string): boolean =>
    owner !== '' && countOf(held.values(), owner) >= limits.maxOfOwner;
  const round = setInterval(reap, Math.min(60_000, limits.idleMs));
  round.unref();
  return {
    add(id, session, owner = '') {
      if (held.size >= limits.maxSessions) reap();
      if (hasTooMany(owner)) makeRoom(owner);
      if (held.size >= limits.maxSessions) makeRoom(null);
      if (held.size >= limits.maxSessions || hasTooMany(owner)) return false;
      held.set(id, { session, owner, usedAt: limits.now(), open: 0 });
      return true;
    },
    get(id, owner = '') {
      const one = held.get(id);
      return one?.owner === owner ? one.session : null;
    },
    use(id) {
      const one = held.get(id);
      if (one === undefined) return () => undefined;
      one.open += 1;
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        one.open -= 1;
        one.usedAt = limits.now();
      };
    },
    remove: (id) => void held.delete(id),
    size: () => held.size,
    async close() {
      clearInterval(round);
      const all = [...held.values()];
      held.clear();
      await Promise.all(all.map(({ session }) => session.close()));
    },
  };
}
