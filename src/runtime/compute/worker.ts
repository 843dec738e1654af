/** One compute process as the pool sees it: JSON lines in and out of a copy of our own binary. */

export interface WorkerEvents {
  readonly onLine: (line: string) => void;
  readonly onEnd: () => void;
}

export interface WorkerProcess {
  readonly pid: number;
  send(line: string): void;
  kill(): void;
}

export type SpawnWorker = (events: WorkerEvents) => WorkerProcess;

/** Returns a maker of processes that run `command`. */
export const workerSpawner =
  (command: readonly string[], env: Readonly<Record<string, string>>): SpawnWorker =>
  (events) => {
    const child = Bun.spawn([...command], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'ignore',
      // No engine sees the machine's time zone.
      env: { ...env, TZ: 'UTC' },
      onExit: events.onEnd,
    });
    child.unref();
    // Ends when the process ends; a read error means the same and onExit reports it.
    void readLines(child.stdout, events.onLine).then(events.onEnd, events.onEnd);
    return {
      pid: child.pid,
      send(line) {
        child.stdin.write(line);
        child.stdin.flush();
      },
      kill: () => child.kill('SIGKILL'),
    };
  };

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
