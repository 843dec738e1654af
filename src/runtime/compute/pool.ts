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

export const DEFAULT_COMPUTE_LIMITS: ComputeLimits = {
  processes: 2,
  timeoutMs: 2000,
  memoryBytes: 512 * 1024 * 1024,
  queue: 1000,
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

/** A pool that spawns `command` when there is work. */
export function createComputePool(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  clock: Clock,
  limits: ComputeLimits = DEFAULT_COMPUTE_LIMITS,
): ComputePool {
  const workers = new Set<Worker>();
  const queue: Job[] = [];
  let closed = false;

  const next = (): void => {
    while (queue.length > 0) {
      const free = [...workers].find((worker) => worker.job === null) ?? grow();
      if (free === null) return;
      give(free, queue.shift() as Job);
    }
  };
  const grow = (): Worker | null => {
    if (workers.size >= limits.processes) return null;
    const worker = spawnWorker(command, env, {
      onLine: (line) => answered(worker, line),
      onEnd: () => lost(worker, 'the compute process ended unexpectedly'),
    });
    workers.add(worker);
    return worker;
  };
  const give = (worker: Worker, job: Job): void => {
    worker.cancel();
    worker.job = job;
    worker.send(job.line);
    const limitMs = limits.timeoutMs + (worker.warm ? 0 : START_GRACE_MS);
    watch(worker, clock.monotonic() + limitMs);
  };
  const watch = (worker: Worker, until: number): void => {
    worker.cancel = clock.after(MEMORY_LOOK_MS, () => {
      if (worker.job === null) return;
      if (clock.monotonic() > until) {
        lost(worker, `it took longer than ${limits.timeoutMs}ms`);
      } else if (residentBytes(worker.pid) > limits.memoryBytes) {
        lost(worker, `it took more than ${limits.memoryBytes / 1024 / 1024} MB of memory`);
      } else watch(worker, until);
    });
  };
  const answered = (worker: Worker, line: string): void => {
    if (line === 'ready') {
      worker.warm = true;
      // The request's own time counts from here.
      if (worker.job !== null) {
        worker.cancel();
        watch(worker, clock.monotonic() + limits.timeoutMs);
      }
      return;
    }
    const { job } = worker;
    worker.job = null;
    worker.cancel();
    worker.cancel = clock.after(limits.idleMs, () => retire(worker));
    job?.resolve(JSON.parse(line) as ComputeAnswer);
    next();
  };
  const retire = (worker: Worker): void => {
    workers.delete(worker);
    worker.cancel();
    worker.kill();
  };
  const lost = (worker: Worker, why: string): void => {
    if (!workers.has(worker)) return;
    const { job } = worker;
    worker.job = null;
    retire(worker);
    job?.resolve({
      ok: false,
      error: failure('LIMIT_EXCEEDED', `the evaluation was stopped: ${why}`),
    });
    if (!closed) next();
  };

  return {
    run(request: ComputeRequest) {
      if (closed || queue.length >= limits.queue) {
        const message = closed
          ? 'this process is stopping'
          : `over ${limits.queue} evaluations wait`;
        return Promise.resolve({ ok: false, error: failure('LIMIT_EXCEEDED', message) });
      }
      return new Promise<ComputeAnswer>((resolve) => {
        queue.push({ line: `${JSON.stringify(request)}\n`, resolve });
        next();
      });
    },
    async close() {
      closed = true;
      for (const job of queue.splice(0)) {
        job.resolve({ ok: false, error: failure('LIMIT_EXCEEDED', 'this process is stopping') });
      }
      for (const worker of [...workers]) lost(worker, 'this process is stopping');
    },
  };
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
