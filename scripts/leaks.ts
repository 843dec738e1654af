/**
 * Finds what a test run left behind. The run gets a temporary folder of its own; afterwards the
 * folder must be empty, and no living process may still name it in its environment, its command
 * line or its working directory. Processes are only looked for where /proc exists.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LeakCheck {
  /** The temporary folder to hand to the run as TMPDIR. */
  readonly folder: string;
  /** Gives stragglers `graceMs` (2 s) to end, ends what remains, and says what it was. */
  readonly finish: (options?: { graceMs?: number }) => Promise<string[]>;
}

const GRACE_MS = 2_000;
const POLL_MS = 50;

const readable = (read: () => string): string => {
  try {
    return read();
  } catch {
    return ''; // the process has ended, or is another user's
  }
};

const processesNaming = (folder: string): { pid: number; command: string }[] => {
  if (!existsSync('/proc/self/environ')) return [];
  const pids = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  );
  return pids.flatMap((pid) => {
    const command = readable(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    const environment = readable(() => readFileSync(`/proc/${pid}/environ`, 'utf8'));
    const cwd = readable(() => readlinkSync(`/proc/${pid}/cwd`));
    const named = [command, environment, cwd].some((text) => text.includes(folder));
    return named ? [{ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() }] : [];
  });
};

const settled = async (
  folder: string,
  graceMs: number,
): Promise<{ pid: number; command: string }[]> => {
  const deadline = Bun.nanoseconds() + graceMs * 1e6;
  let alive = processesNaming(folder);
  while (alive.length > 0 && Bun.nanoseconds() < deadline) {
    await Bun.sleep(POLL_MS);
    alive = processesNaming(folder);
  }
  return alive;
};

const end = (pid: number): string => {
  try {
    process.kill(pid, 'SIGKILL');
    return 'ended now';
  } catch (error) {
    return `could not be ended: ${String(error)}`;
  }
};

/** Makes the folder for one run; call `finish` exactly once, when the run is over. */
export function watchForLeaks(): LeakCheck {
  const folder = mkdtempSync(join(tmpdir(), 'opcode-test-'));
  return {
    folder,
    finish: async ({ graceMs = GRACE_MS } = {}) => {
      const processes = (await settled(folder, graceMs)).map(
        ({ pid, command }) => `process ${pid} outlived the tests (${end(pid)}): ${command}`,
      );
      const entries = readdirSync(folder).map((name) => `left in the temporary folder: ${name}`);
      rmSync(folder, { recursive: true, force: true });
      return [...processes, ...entries];
    },
  };
}
