/**
 * The machine and the programs that figures were taken on: a figure without them says nothing.
 */
import { Database } from 'bun:sqlite';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly os: string;
  readonly bun: string;
  readonly sqlite: string;
  readonly file_system: string;
  /** Load of the last minute when the measuring began: other work blurs every figure. */
  readonly load: number;
}

/** What `folder` and this process are on. */
export function describeMachine(folder: string): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    os: `${platform()} ${release()}`,
    bun: Bun.version,
    sqlite: sqliteVersion(),
    file_system: fileSystemOf(folder),
    load: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

function sqliteVersion(): string {
  const database = new Database(':memory:');
  const row = database.query('SELECT sqlite_version() AS version').get() as { version: string };
  database.close();
  return row.version;
}

/** Type of the mount that holds the folder, where the system tells. */
function fileSystemOf(folder: string): string {
  if (platform() !== 'linux') return 'unknown';
  let best = { at: '', type: 'unknown' };
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, at = '', type = ''] = line.split(' ');
    const holds = folder === at || folder.startsWith(at.endsWith('/') ? at : `${at}/`);
    if (holds && at.length >= best.at.length) best = { at, type };
  }
  return best.type;
}
