/**
 * Composition of upkeep: what its operations need of settings and machine, and what the daemon does by
 * itself at night.
 */
import type { Config } from './config.ts';
import type { UpkeepDeps } from './ops/upkeep-deps.ts';
import type { Settings } from './settings.ts';

/** What the operations of upkeep work with. */
export function createUpkeepDeps({ settings }: Config): UpkeepDeps {
  return { retention: retentionOf(settings) };
}

const retentionOf = (settings: Settings): UpkeepDeps['retention'] => ({
  completedMs: settings['retention.completed'],
  failedMs: settings['retention.failed'],
  keepLast: settings['retention.keep_last'],
});
