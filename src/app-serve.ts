/**
 * Composition of the processes that others talk to: MCP over stdio, and the daemon.
 */
import { mkdirSync } from 'node:fs';
import type { App } from './app.ts';
import { programVersion } from './app-parts.ts';
import type { Config } from './config.ts';
import { type StdioSession, serveMcpStdio } from './mcp/stdio.ts';
import type { Logger } from './model/ports.ts';

/** Serves MCP on standard input and output; stdout then carries nothing else. */
export function serveStdio(app: App, config: Config, log: Logger): StdioSession {
  makeWorkFolder(config);
  const spelling = config.settings['mcp.names'];
  return serveMcpStdio(
    { ops: app.ops, log, version: programVersion() },
    spelling === 'auto' ? 'underscores' : spelling,
  );
}

/** Runs that were not started from a folder work here; only its owner may look. */
function makeWorkFolder({ workDir }: Config): void {
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
}
