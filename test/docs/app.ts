/** An application over a database of its own, for what pages say about it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { CallContext } from '../../src/ops/operation.ts';

/** Somebody at the terminal. */
export const READER: CallContext = {
  caller: { agentId: 'reader', role: 'local', sender: 'person' },
  exec: null,
};

/** Works with an application, and removes what it leaves. */
export async function withApp(use: (app: App) => Promise<void> | void): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'opcode-docs-'));
  const app = await openApp(loadConfig({ flags: {}, env: {}, home }), { execute: true });
  try {
    await use(app);
  } finally {
    await app.close();
    rmSync(home, { recursive: true, force: true });
  }
}
