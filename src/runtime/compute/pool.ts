/**
 * Compute processes: copies of our own binary that do what cannot be bounded on the main thread.
 *
 * One request at a time each, JSON lines in and out. A process that takes longer than the limit, more
 * memory than the limit, or dies, is killed with SIGKILL and replaced; its request fails with a clear
 * error, the others are not disturbed.
 */
import { readFileSync } from 'node:fs';
import { failure } from '../../model/error.ts';
import type { ComputeAnswer, ComputeRequest } from '../../model/expression.ts';
import type { Clock, ComputePool } from '../../model/ports.ts';

export interface ComputeLimits {
  readonly processes: number;
  readonly timeoutMs: number;
  readonly memoryBytes: number;
  /** Requests that may wait before new ones are refused. */
  readonly queue: number;
  /** An unused process ends after this long. */
  readonly idleMs: number;
}

const DEFAULT_COMPUTE_LIMITS: ComputeLimits = {
  processes: 2,
  timeoutMs: 2000,
  memoryBytes: 512 * 1024 * 1024,
  queue: 10_000,
  idleMs: 60_000,
};

/** Milliseconds between looks at a busy process's memory. */
const MEMORY_LOOK_MS = 25;
/** A new process may take this long to come up, on top of the request's own time. */
const START_GRACE_MS = 5000;

interface Job {
  readonly line: string;
  readonly resolve: (answer: ComputeAnswer) => void;
}

interface Worker {
  readonly pid: number;
  send(line: string): void;
  kill(): void;
  job: Job | null;
  warm: boolean;
  cancel: () => void;
}

interface Pool {
  readonly spawn: (events: WorkerEvents) => Worker;
  readonly clock: Clock;
  readonly limits: ComputeLimits;
  readonly workers: Set<Worker>;
  readonly queue: Job[];
  closed: boolean;
}

/** A pool that spawns `command` when there is work. */
export function createComputePool(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  clock: Clock,
  limits: ComputeLimits = DEFAULT_COMPUTE_LIMITS,
): ComputePool {
  const pool: Pool = {
    spawn: (events) => spawnWorker(command, env, events),
    clock,
    limits,
    workers: new Set(),
    queue: [],
    closed: false,
  };
  return {
    run(request: ComputeRequest) {
      if (pool.closed) return Promise.resolve(STOPPING);
      if (pool.queue.length >= limits.queue) {
        return Promise.resolve(refused(`over ${limits.queue} evaluations wait`));
      }
      return new Promise<ComputeAnswer>((resolve) => {
        pool.queue.push({ line: `${JSON.stringify(request)}\n`, resolve });
        serve(pool);
      });
    },
    close() {
      pool.closed = true;
      for (const job of pool.queue.splice(0)) job.resolve(STOPPING);
      for (const worker of [...pool.workers]) lose(pool, worker, 'this process is stopping');
      return Promise.resolve();
    },
  };
}

const refused = (why: string): ComputeAnswer => ({
  ok: false,
  error: failure('LIMIT_EXCEEDED', `the evaluation was stopped: ${why}`),
});
const STOPPING = refused('this process is stopping');

/** Gives waiting jobs to free processes, starting new ones up to the limit. */
function serve(pool: Pool): void {
  while (pool.queue.length > 0) {
    const free = [...pool.workers].find((worker) => worker.job === null) ?? grow(pool);
    if (free === null) return;
    give(pool, free, pool.queue.shift() as Job);
  }
}

function grow(pool: Pool): Worker | null {
  if (pool.workers.size >= pool.limits.processes) return null;
  const worker = pool.spawn({
    onLine: (line) => answered(pool, worker, line),
    onEnd: () => lose(pool, worker, 'the compute process ended unexpectedly'),
  });
  pool.workers.add(worker);
  return worker;
}

function give(pool: Pool, worker: Worker, job: Job): void {
  worker.cancel();
  worker.job = job;
  worker.send(job.line);
  const limitMs = pool.limits.timeoutMs + (worker.warm ? 0 : START_GRACE_MS);
  watch(pool, worker, pool.clock.monotonic() + limitMs);
}

function watch(pool: Pool, worker: Worker, until: number): void {
  const { timeoutMs, memoryBytes } = pool.limits;
  worker.cancel = pool.clock.after(MEMORY_LOOK_MS, () => {
    if (worker.job === null) return;
    if (pool.clock.monotonic() > until) lose(pool, worker, `it took longer than ${timeoutMs}ms`);
    else if (residentBytes(worker.pid) > memoryBytes) {
      lose(pool, worker, `it took more than ${memoryBytes / 1024 / 1024} MB of memory`);
    } else watch(pool, worker, until);
  });
}

function answered(pool: Pool, worker: Worker, line: string): void {
  const { clock, limits } = pool;
  if (line === 'ready') {
    worker.warm = true;
    if (worker.job === null) return;
    // The request's own time counts from here.
    worker.cancel();
    watch(pool, worker, clock.monotonic() + limits.timeoutMs);
    return;
  }
  const { job } = worker;
  worker.job = null;
  worker.cancel();
  worker.cancel = clock.after(limits.idleMs, () => retire(pool, worker));
  job?.resolve(JSON.parse(line) as ComputeAnswer);
  serve(pool);
}

function retire(pool: Pool, worker: Worker): void {
  pool.workers.delete(worker);
  worker.cancel();
  worker.kill();
}

function lose(pool: Pool, worker: Worker, why: string): void {
  if (!pool.workers.has(worker)) return;
  const { job } = worker;
  worker.job = null;
  retire(pool, worker);
  job?.resolve(refused(why));
  if (!pool.closed) serve(pool);
}

/** Resident memory of a process, 0 where it cannot be read. */
function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}

interface WorkerEvents {
  readonly onLine: (line: string) => void;
  readonly onEnd: () => void;
}

function spawnWorker(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  events: WorkerEvents,
): Worker {
  const child = Bun.spawn([...command], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    env: { ...env },
    onExit: events.onEnd,
  });
  child.unref();
  // Ends when the process ends; a read error means the same and onExit reports it.
  void readLines(child.stdout, events.onLine).then(events.onEnd, events.onEnd);
  return {
    pid: child.pid,
    job: null,
    warm: false,
    cancel: () => undefined,
    send(line) {
      child.stdin.write(line);
      child.stdin.flush();
    },
    kill: () => child.kill('SIGKILL'),
  };
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      parts.push(text.slice(from, at));
      onLine(parts.join(''));
      parts = [];
      from = at + 1;
    }
    if (from < text.length) parts.push(text.slice(from));
  }
}
