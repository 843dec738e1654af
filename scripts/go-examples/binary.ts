/**
 * The executable as a user has it: commands with `--json` against a daemon, all in one home that
 * begins with the settings that the Go program wrote. Only loopback may be called from there.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanEnvironment, ROOT } from '../processes.ts';
import type { Json, JsonObject } from './example.ts';

export const BINARY = join(ROOT, 'dist', 'opcode');

const READY_MS = 60_000;
const COMMAND_MS = 120_000;

/** The settings file that the Go program's installer leaves in `home`. */
const formerSettings = (home: string): JsonObject => ({
  listen_addr: ':4100',
  base_url: 'http://localhost:4100',
  db_path: join(home, 'opcode.db'),
  log_level: 'info',
  pool_size: 10,
  panel: false,
});

export interface Opcode {
  /** Runs a command with `--json`; what it printed, whatever its exit code. @throws when that is no JSON */
  readonly command: (args: readonly string[], stdin?: string) => Promise<JsonObject>;
  readonly close: () => Promise<void>;
}

/** Starts a daemon with its home and its user's home below `folder`; `tools` comes first on PATH. */
export async function startOpcode(folder: string, tools: string): Promise<Opcode> {
  const home = join(folder, 'opcode');
  const user = join(folder, 'user');
  for (const each of [home, user]) mkdirSync(each);
  const egress = { allow: ['127.0.0.1'] };
  writeFileSync(join(home, 'settings.json'), JSON.stringify({ ...formerSettings(home), egress }));
  const env = cleanEnvironment({
    OPCODE_HOME: home,
    HOME: user,
    PATH: `${tools}:${process.env.PATH ?? ''}`,
    GIT_TERMINAL_PROMPT: '0',
  });
  const daemon = Bun.spawn([BINARY, 'serve', '--listen-addr', '127.0.0.1:0'], {
    env,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'pipe',
  });
  await readiness(daemon.stderr);
  return {
    command: (args, stdin) => jsonCommand(args, env, stdin),
    async close() {
      daemon.kill();
      await daemon.exited;
    },
  };
}

/** Resolves when the daemon says that it is ready, and goes on reading so that it never blocks. */
async function readiness(stream: ReadableStream<Uint8Array>): Promise<void> {
  const ready = Promise.withResolvers<void>();
  const late = setTimeout(() => ready.reject(new Error('the daemon did not start')), READY_MS);
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of stream) {
      text = text.slice(-10_000) + new TextDecoder().decode(chunk);
      if (text.includes('opcode is ready')) ready.resolve();
    }
    ready.reject(new Error(`the daemon ended:\n${text}`));
  };
  read().catch(ready.reject);
  await ready.promise;
  clearTimeout(late);
}

async function jsonCommand(
  args: readonly string[],
  env: Record<string, string>,
  stdin = '',
): Promise<JsonObject> {
  const child = Bun.spawn([BINARY, ...args, '--json'], {
    env,
    stdin: new TextEncoder().encode(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: COMMAND_MS,
  });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  const printed = stdout.trim() === '' ? stderr : stdout;
  try {
    return JSON.parse(printed) as Json as JsonObject;
  } catch {
    throw new Error(`opcode ${args.join(' ')} printed no JSON: ${stdout}${stderr}`);
  }
}
