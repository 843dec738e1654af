/**
 * The built daemon as a process of its own, over a database that was filled for it: when it is ready,
 * what it holds and uses. Linux only: the figures come from /proc.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { RunEvent } from '../../src/model/event.ts';
import { asDefinitionHash, asRunId } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import type { Store } from '../../src/model/store.ts';
import type { Prepared } from './engine-harness.ts';

export const BINARY = join(import.meta.dir, '..', '..', 'dist', 'opcode');

const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4096;
const silent = (): void => undefined;
const QUIET = { debug: silent, info: silent, warn: silent, error: silent };

export interface RecordedRun {
  readonly prepared: Prepared;
  readonly stored: Json;
  readonly events: readonly RunEvent[];
}

/** One run of a definition as the real application records it, up to where it waits. */
export async function recordRun(home: string, definition: Json): Promise<RecordedRun> {
  const config = loadConfig({ flags: {}, env: { PATH: process.env.PATH, HOME: home }, home });
  const app = await openApp(config, { execute: true, log: QUIET });
  try {
    const caller = { agentId: null, role: 'local', sender: 'person' } as const;
    const ctx = { caller, exec: { cwd: home, env: {} } };
    const source = { text: JSON.stringify(definition), format: 'json' as const };
    const started = await app.ops.run(ctx as never, { source, wait: 0 } as never);
    const { workflow_id: id } = started as { readonly workflow_id: string };
    const row = app.store.run(asRunId(id));
    if (row === null) throw new Error('the run is not there');
    const hash = asDefinitionHash(row.definitionHash);
    return {
      prepared: { definition: definition as never, hash },
      stored: app.store.definition(hash) as Json,
      events: app.store.events(row.runId, 0, 1000),
    };
  } finally {
    await app.close();
  }
}

/** Puts what every filled run refers to. */
export const putDefinition = (store: Store, run: RecordedRun): void =>
  store.putDefinition(run.prepared.hash, run.stored);

export interface DaemonProcess {
  readonly url: string;
  /** Milliseconds from its start to the first answer that it is ready. */
  readonly readyMs: number;
  /** Seconds of CPU it has used. */
  cpuSeconds(): number;
  residentMb(): number;
  stop(): Promise<void>;
}

/** Starts `dist/opcode serve` over a home, on a free port. */
export async function startBuiltDaemon(home: string): Promise<DaemonProcess> {
  const began = performance.now();
  const child = Bun.spawn([BINARY, 'serve', '--listen-addr', ':0', '--log-level', 'info'], {
    env: { PATH: process.env.PATH ?? '', HOME: home, OPCODE_HOME: home },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const url = await urlOf(child.stderr);
  while (!(await fetch(`${url}/readyz`)).ok) await Bun.sleep(1);
  const readyMs = performance.now() - began;
  return {
    url,
    readyMs,
    cpuSeconds() {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
    },
    residentMb() {
      const [, pages] = readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ');
      return (Number(pages) * PAGE_BYTES) / 2 ** 20;
    },
    async stop() {
      child.kill('SIGTERM');
      await child.exited;
    },
  };
}

/** The address of the line that says it is ready; what follows is read and forgotten. */
async function urlOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stderr.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the daemon did not start:\n${text}`);
    text += decoder.decode(value, { stream: true });
    const found = /"urls":\["([^"]+)"/.exec(text);
    if (found === null) continue;
    void drain(reader);
    return String(found[1]);
  }
}

async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
