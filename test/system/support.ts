/**
 * The whole product in one process: operations over a database file in a home of its own, real
 * actions, real compute processes. What `openSystem` opens, its `close` closes.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { AppError, type ErrorCode } from '../../src/model/error.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { RUN_PARTS, type RunResult } from '../../src/ops/shapes.ts';
import type { SettingKey } from '../../src/settings.ts';

type Flags = Readonly<Partial<Record<SettingKey, unknown>>>;

export interface System extends App {
  /** The home of the test's user; also the folder that its runs work in. */
  readonly home: string;
  /** A person at a terminal in the folder `home`. */
  readonly me: CallContext;
  /** Registers a template from the folder `home`. */
  readonly template: (name: string, definition: object, more?: object) => Promise<number | null>;
  /** Runs a definition to where it stops. */
  readonly run: (definition: object, more?: RunMore) => Promise<RunResult>;
  /** Runs a template to where it stops. */
  readonly runTemplate: (name: string, more?: RunMore) => Promise<RunResult>;
  /** Every event of a run, oldest first. */
  readonly log: (workflowId: string) => Promise<readonly LoggedEvent[]>;
}

interface LoggedEvent {
  readonly sequence: number;
  readonly step_id?: string | undefined;
  readonly event_type: string;
  readonly payload?: Json | undefined;
  readonly timestamp: string;
}

type RunMore = Omit<Parameters<App['ops']['run']>[1], 'definition' | 'template_name'>;

/** How long a test waits for a run; far beyond what any takes. */
export const LONG = '2m';

export const newHome = (): string => mkdtempSync(join(tmpdir(), 'opcode-system-'));
export const removeHome = (home: string): void => rmSync(home, { recursive: true, force: true });

/** `execute: false` reads and sends only; `claims` takes on whatever can be had, like a daemon. */
interface Mode {
  readonly execute?: boolean;
  readonly claims?: boolean;
}

/** The product over `home`; with `flags` as on a command line. */
export async function openSystem(
  home: string,
  flags: Flags = {},
  { execute = true, claims = false }: Mode = {},
): Promise<System> {
  const config = loadConfig({
    flags: { log_level: 'error', grace: '1s', grace_unsafe: '1s', ...flags },
    env: { PATH: process.env.PATH, HOME: home, TMPDIR: process.env.TMPDIR },
    home: join(home, 'home'),
  });
  const app = await openApp(config, { execute, claims, role: claims ? 'serve' : 'cli' });
  return systemOver(app, home);
}

function systemOver(app: App, home: string): System {
  const { ops } = app;
  const me: CallContext = {
    caller: { agentId: 'cli:ann', role: 'local', sender: 'person' },
    exec: { cwd: home, env: { PATH: process.env.PATH ?? '', HOME: home } },
  };
  const ended = async (input: Parameters<App['ops']['run']>[1]): Promise<RunResult> => {
    const result = await ops.run(me, { wait: LONG, include: [...RUN_PARTS], ...input });
    if ('dry_run' in result) throw new Error('a dry run is no run');
    return result;
  };
  return {
    ...app,
    home,
    me,
    async template(name, definition, more = {}) {
      const defined = await ops.define(me, { name, definition: asJson(definition), ...more });
      return defined.version;
    },
    run: (definition, more = {}) => ended({ definition: asJson(definition), ...more }),
    runTemplate: (name, more = {}) => ended({ template_name: name, ...more }),
    async log(workflowId) {
      const all: LoggedEvent[] = [];
      for (let after: number | null = 0; after !== null; ) {
        const page = await ops.events(me, {
          workflow_id: workflowId,
          after_id: after,
          limit: 1000,
        });
        all.push(...page.events);
        after = page.next_after_id;
      }
      return all;
    },
  };
}

/** A value that a test wrote as a literal, as JSON. */
export const asJson = (value: object): JsonObject => value as unknown as JsonObject;

/** How often each event type stands in a log. */
export function countTypes(log: readonly LoggedEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event_type: type } of log) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

/** The error a promise rejects with; its code must be the given one. */
export async function refusal(promise: Promise<unknown>, code: ErrorCode): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    if (thrown.code !== code) throw new Error(`${thrown.code}: ${thrown.message}, not ${code}`);
    return thrown;
  }
  throw new Error(`nothing was refused, ${code} was expected`);
}

/** Whether a process runs; one that has ended and waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^ [ZX]/.test(stat.slice(stat.lastIndexOf(')') + 1));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    return false;
  }
}
