/**
 * Which process executes a run: the daemon that lives, or the one that was asked.
 *
 * A daemon is found by its node row in the database that both use. A run is left to it only when it is
 * of the same user, machine, mount namespace and version: then it does what would be done here.
 */
import { isAlive, ownIdentity, type ProcessIdentity } from './isolate/process-info.ts';
import type { Engine } from './model/engine.ts';
import type { Logger } from './model/ports.ts';
import type { NodeRow, NodeStore } from './model/store.ts';

/** The role of a daemon's node while it takes on runs. */
export const DAEMON_ROLE = 'serve';
/** The role of a daemon that takes on nothing more. */
const STOPPING_ROLE = 'stopping';

/** `daemon`: runs are left to it. `unfit`: there is one, but not for this process; `why` says it. */
export type Executor =
  | { readonly kind: 'daemon'; readonly node: NodeRow }
  | { readonly kind: 'unfit'; readonly why: string }
  | { readonly kind: 'none' };

/** The daemon of this database as it is to a process of this version and identity. */
export function findExecutor(
  store: Pick<NodeStore, 'nodes'>,
  version: string,
  own: ProcessIdentity = ownIdentity(),
  now: number = Date.now(),
): Executor {
  let unfit: Executor | null = null;
  for (const node of store.nodes()) {
    if (node.role !== DAEMON_ROLE && node.role !== STOPPING_ROLE) continue;
    const lives = isAlive({ ...node, started: node.pidStarted }, own) ?? node.leaseUntil > now;
    if (!lives) continue;
    const why = unfitness(node, version, own);
    if (why === null) return { kind: 'daemon', node };
    unfit ??= { kind: 'unfit', why: `the daemon (pid ${node.pid}) ${why}` };
  }
  return unfit ?? { kind: 'none' };
}

/** Why runs are not left to a living daemon, null when they are. */
function unfitness(node: NodeRow, version: string, own: ProcessIdentity): string | null {
  if (node.host !== own.host || node.bootId !== own.bootId) return `is on ${node.host}`;
  if (node.uid !== own.uid) return `belongs to another user (uid ${node.uid})`;
  const sameFiles =
    node.mountNamespace === own.mountNamespace && node.pidNamespace === own.pidNamespace;
  if (!sameFiles) return 'sees other files (it runs in another container)';
  if (node.version !== version) return `is version ${node.version}, this is ${version}`;
  return node.role === STOPPING_ROLE ? 'is stopping' : null;
}

/** Ignored by whoever does not wait for it, so it may reach the wrong process without harm. */
const RING = 'SIGURG';

/** Tells daemons of this machine and user that there is something to take on; they would see it anyway. */
export function ringDaemons(store: Pick<NodeStore, 'nodes'>): void {
  const own = ownIdentity();
  for (const node of store.nodes()) {
    if (node.role !== DAEMON_ROLE || node.pid === own.pid) continue;
    if (isAlive({ ...node, started: node.pidStarted }, own) !== true) continue;
    try {
      process.kill(node.pid, RING);
    } catch (thrown) {
      // One that has just ended leaves it to its successor, which finds what there is to do.
      if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
    }
  }
}

/** Takes on what there is whenever somebody rings; until the returned function is called. */
export function answerRings(engine: Pick<Engine, 'recover'>, log: Logger): () => void {
  let isTaking = false;
  let again = false;
  const takeOn = async (): Promise<void> => {
    isTaking = true;
    do {
      again = false;
      await engine.recover(null);
    } while (again);
  };
  const onRing = (): void => {
    again = true;
    if (isTaking) return;
    takeOn()
      .catch((thrown: unknown) =>
        log.error('runs could not be taken on', { error: String(thrown) }),
      )
      .finally(() => {
        isTaking = false;
      });
  };
  process.on(RING, onRing);
  return () => void process.off(RING, onRing);
}

/** From now on other processes leave no run to this one. */
export function tellStopping(store: Pick<NodeStore, 'nodes' | 'register'>): void {
  const own = ownIdentity();
  for (const node of store.nodes()) {
    const isOurs = node.pid === own.pid && node.pidStarted === own.started;
    if (node.role === DAEMON_ROLE && isOurs) store.register({ ...node, role: STOPPING_ROLE });
  }
}
