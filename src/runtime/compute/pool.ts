/**
 * Compute processes: copies of our own binary that do what cannot be bounded on the main thread.
 *
 * One request at a time each. What counts against a job is its own processor time and memory; a busy
 * machine, a process that starts or a queue cost it nothing. Over these it is stopped for good. A job
 * that is not done after the limit on wall time, or whose process dies, is tried once more and then
 * fails retryably. Pictures have processes of their own, so that no evaluation waits for a drawing.
 */
import { type ErrorCode, failure } from '../../model/error.ts';
import type { ComputeAnswer, ComputeRequest } from '../../model/expression.ts';
import type { Clock, ComputePool } from '../../model/ports.ts';
import type { SpawnWorker, WorkerProcess } from './worker.ts';

export interface ComputeLimits {
  /** Processes for evaluations, and as many again as `pictureProcesses` for pictures. */
  readonly processes: number;
  readonly pictureProcesses: number;
  /** Processor time of one job. */
  readonly cpuMs: number;
  /** Wall time of one job from when a process has it, and of a process that starts. */
  readonly wallMs: number;
  readonly memoryBytes: number;
  /** Requests that may wait in a lane before new ones are refused. */
  readonly queue: number;
  /** An unused process ends after this long. */
  readonly idleMs: number;
}

export const DEFAULT_COMPUTE_LIMITS: ComputeLimits = {
  processes: 2,
  pictureProcesses: 1,
  cpuMs: 2000,
  wallMs: 30_000,
  memoryBytes: 512 * 1024 * 1024,
  queue: 10_000,
  idleMs: 60_000,
};

/** Milliseconds between checks of a busy process. */
const CHECK_MS = 25;
/** A process that is larger than this part of the limit gets no further job. */
const KEPT_SHARE = 2;
/** Times a job is given to a process before it fails. */
const MAX_TRIES = 2;

export interface ComputeDeps {
  readonly spawn: SpawnWorker;
  readonly clock: Clock;
  /** Processor time and memory of a process, null where that cannot be told. */
  readonly usageOf: (
    pid: number,
  ) => { readonly cpuMs: number; readonly residentBytes: number } | null;
  readonly limits: ComputeLimits;
}

interface Job {
  readonly line: string;
  /** The step's own limit on wall time, milliseconds, or null. */
  readonly limitMs: number | null;
  readonly resolve: (answer: ComputeAnswer) => void;
  tries: number;
}

interface Worker extends WorkerProcess {
  job: Job | null;
  warm: boolean;
  /** When the present job, or the process itself, began to count, and what it had used by then. */
  since: { readonly at: number; readonly cpuMs: number };
  cancel: () => void;
}

/** Processes for one kind of work, and the jobs that wait for them. */
interface Lane {
  readonly deps: ComputeDeps;
  readonly most: number;
  readonly workers: Set<Worker>;
  readonly queue: Job[];
  closed: boolean;
}

/** Makes a pool that starts processes when there is work. */
export function createComputePool(deps: ComputeDeps): ComputePool {
  const { processes, pictureProcesses } = deps.limits;
  const evaluations = newLane(deps, processes);
  const pictures = newLane(deps, pictureProcesses);
  return {
    run(request) {
      const { task, payload, limitMs = null } = request;
      const lane = isPicture(task) ? pictures : evaluations;
      return enqueue(lane, `${JSON.stringify({ task, payload })}\n`, limitMs);
    },
    close() {
      for (const lane of [evaluations, pictures]) closeLane(lane);
      return Promise.resolve();
    },
  };
}

const isPicture = (task: ComputeRequest['task']): boolean => task === 'layout' || task === 'png';

const newLane = (deps: ComputeDeps, most: number): Lane => ({
  deps,
  most,
  workers: new Set(),
  queue: [],
  closed: false,
});

function enqueue(lane: Lane, line: string, limitMs: number | null): Promise<ComputeAnswer> {
  const { queue } = lane.deps.limits;
  if (lane.closed) return Promise.resolve(STOPPING);
  if (lane.queue.length >= queue) {
    return Promise.resolve(refused('EXECUTION_ERROR', `over ${queue} evaluations wait`));
  }
  return new Promise<ComputeAnswer>((resolve) => {
    lane.queue.push({ line, limitMs, resolve, tries: 0 });
    serve(lane);
  });
}

function closeLane(lane: Lane): void {
  lane.closed = true;
  for (const job of lane.queue.splice(0)) job.resolve(STOPPING);
  for (const worker of [...lane.workers]) stop(lane, worker, STOPPING);
}

const refused = (code: ErrorCode, why: string): ComputeAnswer => ({
  ok: false,
  error: failure(code, `the evaluation was stopped: ${why}`),
});
const STOPPING = refused('EXECUTION_ERROR', 'this process is stopping');

/** Gives waiting jobs to free processes, starting new ones up to the limit. */
function serve(lane: Lane): void {
  while (lane.queue.length > 0) {
    const free = [...lane.workers].find((worker) => worker.job === null) ?? grow(lane);
    if (free === null) return;
    give(lane, free, lane.queue.shift() as Job);
  }
}

function grow(lane: Lane): Worker | null {
  if (lane.workers.size >= lane.most) return null;
  const { spawn, clock } = lane.deps;
  const worker: Worker = {
    ...spawn({
      onLine: (line) => answered(lane, worker, line),
      onEnd: () => again(lane, worker, 'the compute process ended unexpectedly'),
    }),
    job: null,
    warm: false,
    since: { at: clock.monotonic(), cpuMs: 0 },
    cancel: () => undefined,
  };
  lane.workers.add(worker);
  return worker;
}

function give(lane: Lane, worker: Worker, job: Job): void {
  worker.cancel();
  worker.job = job;
  job.tries += 1;
  if (worker.warm) begin(lane, worker);
  worker.send(job.line);
  watch(lane, worker);
}

/** From here on time counts against the job. */
function begin({ deps }: Lane, worker: Worker): void {
  worker.since = { at: deps.clock.monotonic(), cpuMs: deps.usageOf(worker.pid)?.cpuMs ?? 0 };
}

function watch(lane: Lane, worker: Worker): void {
  worker.cancel = lane.deps.clock.after(CHECK_MS, () => {
    if (worker.job === null) return;
    const verdict = worker.warm ? overLimit(lane, worker, worker.job) : null;
    if (verdict !== null) stop(lane, worker, verdict);
    else if (elapsed(lane, worker) > lane.deps.limits.wallMs) {
      const what = worker.warm ? 'not done' : 'the compute process has not started';
      again(lane, worker, `${what} after ${lane.deps.limits.wallMs} ms`);
    } else watch(lane, worker);
  });
}

const elapsed = ({ deps }: Lane, worker: Worker): number =>
  deps.clock.monotonic() - worker.since.at;

/** Finds which limit of its own a job is over, or null. */
function overLimit(lane: Lane, worker: Worker, { limitMs }: Job): ComputeAnswer | null {
  const { cpuMs, memoryBytes, wallMs } = lane.deps.limits;
  const usage = lane.deps.usageOf(worker.pid);
  if (usage !== null && usage.cpuMs - worker.since.cpuMs > cpuMs) {
    return refused('LIMIT_EXCEEDED', `it took more than ${cpuMs} ms of processor time`);
  }
  if (usage !== null && usage.residentBytes > memoryBytes) {
    const mib = memoryBytes / 1024 / 1024;
    return refused('LIMIT_EXCEEDED', `it took more than ${mib} MB of memory`);
  }
  if (limitMs !== null && limitMs < wallMs && elapsed(lane, worker) > limitMs) {
    return refused('TIMEOUT_ERROR', `it took longer than the step's limit of ${limitMs} ms`);
  }
  return null;
}

function answered(lane: Lane, worker: Worker, line: string): void {
  const { clock, limits } = lane.deps;
  if (line === 'ready') {
    worker.warm = true;
    begin(lane, worker);
    return;
  }
  const { job } = worker;
  worker.job = null;
  worker.cancel();
  if (isSwollen(lane, worker)) retire(lane, worker);
  else worker.cancel = clock.after(limits.idleMs, () => retire(lane, worker));
  job?.resolve(JSON.parse(line) as ComputeAnswer);
  serve(lane);
}

/** True for a process that a job has left so large that it would count against the next one. */
function isSwollen({ deps }: Lane, { pid }: Worker): boolean {
  const usage = deps.usageOf(pid);
  return usage !== null && usage.residentBytes > deps.limits.memoryBytes / KEPT_SHARE;
}

function retire(lane: Lane, worker: Worker): void {
  lane.workers.delete(worker);
  worker.cancel();
  worker.kill();
}

/** Ends a process; its job is answered. */
function stop(lane: Lane, worker: Worker, answer: ComputeAnswer): void {
  if (!lane.workers.has(worker)) return;
  const { job } = worker;
  worker.job = null;
  retire(lane, worker);
  job?.resolve(answer);
  if (!lane.closed) serve(lane);
}

/** Ends a process for what is not its job's fault: the job is tried once more. */
function again(lane: Lane, worker: Worker, why: string): void {
  if (!lane.workers.has(worker)) return;
  const { job } = worker;
  if (job === null || job.tries >= MAX_TRIES) {
    stop(lane, worker, refused('EXECUTION_ERROR', why));
    return;
  }
  worker.job = null;
  retire(lane, worker);
  lane.queue.unshift(job);
  serve(lane);
}
