/**
 * Where a daemon is found by other processes of this machine and user: the ring of those that leave it
 * runs, the socket of `opcode mcp`, and the database itself: without it nobody finds the daemon.
 */
import { statSync } from 'node:fs';
import type { App } from './app.ts';
import { answerRings, tellStopping } from './app-handover.ts';
import { socketPathOf } from './app-relay.ts';
import type { Config } from './config.ts';
import type { McpDeps } from './mcp/server.ts';
import { openSocketDoor, type SocketDoor } from './mcp/socket.ts';
import { messageOf } from './model/error.ts';
import type { Logger } from './model/ports.ts';

export interface Doors {
  /** Leads other processes elsewhere; resolves when none of their calls is being answered any more. */
  close(): Promise<void>;
}

/** Opens a daemon to processes of this machine: their runs, and `opcode mcp`. */
export function openDoors(options: {
  readonly app: App;
  readonly config: Config;
  readonly mcp: McpDeps;
}): Doors {
  const { app, config, mcp } = options;
  const ignoreRings = app.engine === null ? () => undefined : answerRings(app.engine, mcp.log);
  const door = openDoor(config, mcp);
  const endWatch = watchDatabase(config.dbPath, mcp.log);
  return {
    close() {
      tellStopping(app.store);
      ignoreRings();
      endWatch();
      return door?.close() ?? Promise.resolve();
    },
  };
}

/** Null when there can be none: whoever runs `opcode mcp` then executes by itself. */
function openDoor(config: Config, deps: McpDeps): SocketDoor | null {
  try {
    return openSocketDoor({ path: socketPathOf(config.home), db: config.dbPath, deps });
  } catch (thrown) {
    deps.log.warn('`opcode mcp` cannot use this daemon', { error: messageOf(thrown) });
    return null;
  }
}

/** How often it is looked whether the database is still the file that was opened. */
const LOOK_MS = 5000;

/** Stops a daemon whose database was removed or replaced: what it writes nobody would read. */
function watchDatabase(path: string, log: Logger): () => void {
  const fileOf = (): number | null => statSync(path, { throwIfNoEntry: false })?.ino ?? null;
  const opened = fileOf();
  const timer = setInterval(() => {
    if (fileOf() === opened) return;
    clearInterval(timer);
    log.error('the database was removed or replaced under this daemon, which ends', { path });
    process.kill(process.pid, 'SIGTERM');
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
