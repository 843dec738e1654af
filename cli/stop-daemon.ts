/**
 * Ending the daemon of this home while saying what it waits for: the runs that it executes, and their
 * steps in flight.
 */

import { existsSync } from 'node:fs';
import { DAEMON_ROLE, findExecutor } from '../src/app-handover.ts';
import { programVersion } from '../src/app-parts.ts';
import { stopDaemon, strangerAt } from '../src/app-restart.ts';
import { findDaemon, findFormerDaemon, type RunningDaemon } from '../src/app-serve.ts';
import { AppError } from '../src/model/error.ts';
import { parseDuration } from '../src/model/time.ts';
import type { App, Cli } from './command.ts';
import { oneLine } from './print/text.ts';

const LOOK_MS = 1000;
/** A daemon that was asked to stop says so in the database well before this. */
const REACTS_MS = 5000;
const SHOWN = 5;
const PAGE = 50;

export interface GraceOptions {
  readonly now?: boolean;
  readonly grace?: string;
}

/** Milliseconds after which steps in flight are ended; null: as the daemon's settings say. */
export function graceOf({ now, grace }: GraceOptions): number | null {
  if (now === true) return 0;
  if (grace === undefined) return null;
  const parsed = grace === '0' ? ({ ok: true, ms: 0 } as const) : parseDuration(grace);
  if (parsed.ok) return parsed.ms;
  throw new AppError('VALIDATION_ERROR', `--grace: ${parsed.message}`);
}

/** The living daemon of this home, null when there is none. @throws CONFLICT when it is out of sight */
export function livingDaemon(cli: Cli): RunningDaemon | null {
  const config = cli.configToLook().config;
  const daemon = findDaemon(config);
  if (daemon?.alive === null) {
    throw new AppError(
      'CONFLICT',
      `${config.pidPath} names pid ${daemon.pid} on ${daemon.host}, which cannot be seen from here`,
      { hint: 'stop it where it runs' },
    );
  }
  if (daemon?.alive !== true) return null;
  const other = strangerAt(daemon.pid);
  if (other === null) return daemon;
  throw new AppError(
    'CONFLICT',
    `${config.pidPath} names pid ${daemon.pid}, which is not opcode: ${other}`,
    {
      hint: `nothing was ended; remove ${config.pidPath}`,
    },
  );
}

/**
 * Says when this home knows of no daemon but one works on its database all the same: its pid file was
 * removed, or it belongs to another home. @throws CONFLICT naming the process
 */
export async function refuseUnnamed(cli: Cli): Promise<void> {
  const former = findFormerDaemon(cli.configToLook().config);
  if (former !== null) {
    throw new AppError(
      'CONFLICT',
      `${cli.configToLook().config.pidPath} names process ${former}, as the program before this one wrote it`,
      { hint: `if that is its daemon, kill ${former} ends it` },
    );
  }
  if (!existsSync(cli.configToLook().config.dbPath)) return;
  const app = await openToLook(cli);
  if (app === null) return;
  const executor = findExecutor(app.store, programVersion());
  if (executor.kind !== 'daemon') return;
  const { pid } = executor.node;
  throw new AppError(
    'CONFLICT',
    `a daemon (pid ${pid}) works on this database, but ${cli.configToLook().config.pidPath} does not name it`,
    { hint: `kill ${pid} stops it in the same way, unless it belongs to another OPCODE_HOME` },
  );
}

/** Ends it and resolves when it is gone. */
export async function stopAndTell(
  cli: Cli,
  daemon: RunningDaemon,
  graceMs: number | null,
): Promise<void> {
  cli.note(`Stopping the daemon (pid ${daemon.pid}).`);
  const app = await openToLook(cli);
  let said = '';
  const began = performance.now();
  let lookAt = began + LOOK_MS;
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    const text = app === null ? '' : await waitsFor(cli, app, daemon, performance.now() - began);
    if (text !== '' && text !== said) cli.note(text);
    said = text;
  };
  await stopDaemon(daemon, {
    graceMs,
    onLook: () => {
      if (performance.now() < lookAt) return;
      lookAt = performance.now() + LOOK_MS;
      // What it waits for is only told: that it cannot be read keeps nothing from stopping.
      looking = looking.then(look).catch(() => undefined);
    },
  });
  await looking;
}

/** Null when the database is of another version, or cannot be opened: then nothing is told. */
async function openToLook(cli: Cli): Promise<App | null> {
  try {
    return await cli.openToLook();
  } catch (thrown) {
    if (thrown instanceof AppError) return null;
    throw thrown;
  }
}

async function waitsFor(
  cli: Cli,
  app: App,
  daemon: RunningDaemon,
  sinceMs: number,
): Promise<string> {
  const node = app.store
    .nodes()
    .find(({ pid, pidStarted }) => pid === daemon.pid && pidStarted === daemon.started);
  if (node?.role === DAEMON_ROLE && sinceMs > REACTS_MS) {
    return `It does not react. kill -9 ${daemon.pid} ends it; what it executes goes on with the next executor.`;
  }
  const { items } = app.store.queryRuns({ status: ['active'], limit: PAGE });
  const runs = items.filter((row) => node !== undefined && row.owner === node.nodeId);
  const names: string[] = [];
  for (const { runId, name } of runs.slice(0, SHOWN)) {
    const { steps } = await app.ops.status(cli.context(), {
      workflow_id: runId,
      include: ['steps'],
    });
    const running = Object.values(steps).filter((step) => step.status === 'running');
    if (running.length === 0) continue;
    const paths = running.slice(0, SHOWN).map((step) => step.step_id);
    names.push(oneLine(`${name ?? runId.slice(0, 8)}: ${paths.join(', ')}`));
  }
  return names.length === 0 ? '' : `Waiting for steps in flight: ${names.join('; ')}`;
}
