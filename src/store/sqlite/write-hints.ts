/**
 * A hint that the database may have been written to, by whatever process: the system tells of changes
 * of its write-ahead log. It may come a moment too early, for one's own writes, or not at all.
 */
import { watch } from 'node:fs';

/** Calls back on hints until the returned function is called; where there are none, never. */
export function watchWrites(path: string, onHint: () => void): () => void {
  try {
    const watcher = watch(`${path}-wal`, { persistent: false }, onHint);
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    // No watches left, or a file system without them: who looks from time to time finds it too.
    return () => undefined;
  }
}
