/** The largest resident memory that any child of this process had while it was watched (Linux). */
import { readFileSync } from 'node:fs';

const LOOK_MS = 20;
const PAGE_BYTES = 4096;

/** Watches until `stop`, which answers bytes; 0 where there is no /proc. */
export function childMemoryPeak(): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    for (const pid of children()) peak = Math.max(peak, residentBytes(pid));
  }, LOOK_MS);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

/** Threads that started children list them apart; ours come from the main one. */
function children(): readonly string[] {
  const listed = readOrEmpty(`/proc/${process.pid}/task/${process.pid}/children`);
  return listed.split(' ').filter((pid) => pid !== '');
}

const residentBytes = (pid: string): number =>
  Number(readOrEmpty(`/proc/${pid}/statm`).split(' ')[1] ?? 0) * PAGE_BYTES;

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended, or there is no /proc
  }
}
