/**
 * Runs one case as a user would: an application on a fresh home, its `run` operation, the answer.
 *
 * Everything that a case may look at afterwards is in the `Outcome`; the application, the stub
 * server and the folders are closed by `run`'s end, except the case's own folder, which `close` removes.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createLogger } from '../../src/log.ts';
import { AppError } from '../../src/model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import type { StatusOutput } from '../../src/ops/schemas.ts';
import type { StepView } from '../../src/ops/shapes.ts';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { type Case, definitionOf, type Expectation, type SeenRequest } from './case.ts';
import { bytesOf, openStub, type StubServer } from './stub-server.ts';

export interface Outcome {
  /** Null when the definition or its params were refused. */
  readonly runId: string | null;
  readonly status: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly steps: Readonly<Record<string, StepView>>;
  readonly durationMs: number;
  readonly seen: readonly SeenRequest[];
  /** The case's expectations with `<TMP>`, `<HTTP>` and `$workflow_id` filled in. */
  readonly expected: Expectation;
  /** Removes the case's folder. */
  readonly close: () => Promise<void>;
}

const WAIT = '20s';

/** In memory where there is such a place: what a case means does not depend on the disk. */
const FOLDERS = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Runs a case to where it stops. */
export async function runCase(one: Case): Promise<Outcome> {
  const base = await mkdtemp(join(FOLDERS, 'opcode-case-'));
  const folder = join(base, 'files');
  const stub = openStub(one.fixture?.http ?? []);
  try {
    await mkdir(folder);
    await writeFiles(folder, one.fixture?.files ?? {});
    const places = placesOf(folder, stub);
    const result = await runIn(join(base, 'home'), folder, fill(one as unknown as Json, places));
    const expected = fill(one.expect as unknown as Json, {
      ...places,
      $workflow_id: result.runId ?? '$workflow_id',
    });
    return {
      ...result,
      seen: [...stub.seen],
      expected: expected as unknown as Expectation,
      close: () => rm(base, { recursive: true, force: true }),
    };
  } finally {
    await stub.close();
  }
}

type Places = Readonly<Record<string, string>>;

const placesOf = (folder: string, stub: StubServer): Places => ({
  '<TMP>': folder,
  '<HTTP>': stub.url,
});

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytesOf(content));
  }
}

/** The same JSON with every place name in its texts and keys replaced. */
function fill(value: Json, places: Places): Json {
  if (typeof value === 'string') return fillText(value, places);
  if (isJsonArray(value)) return value.map((item) => fill(item, places));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, below]) => [fillText(key, places), fill(below, places)]),
  );
}

const fillText = (text: string, places: Places): string =>
  Object.entries(places).reduce((filled, [name, place]) => filled.replaceAll(name, place), text);

const SILENT = createLogger({
  level: 'error',
  pretty: false,
  color: false,
  write: () => undefined,
  now: Date.now,
});

type Ran = Omit<Outcome, 'seen' | 'expected' | 'close'>;

async function runIn(home: string, folder: string, filled: Json): Promise<Ran> {
  const one = filled as unknown as Case;
  const { PATH, LANG } = process.env;
  const config = loadConfig({ flags: {}, env: { PATH, LANG, HOME: home }, home });
  const app = await openApp(config, { execute: true, log: SILENT });
  const caller: CallContext = {
    caller: { agentId: 'tester', role: 'local', sender: 'person' },
    exec: { cwd: folder, env: config.callerEnv },
  };
  try {
    const definition = definitionOf(one) as JsonObject;
    const params = one.inputs as JsonObject | null | undefined;
    const started = await app.ops.run(caller, {
      definition,
      wait: WAIT,
      ...(isJsonObject(params ?? null) ? { params: params as JsonObject } : {}),
    });
    if ('dry_run' in started) throw new Error('a dry run is no run');
    // A run that waits for somebody may still end by itself, when what it waits for has a time limit.
    const staysSuspended = started.status === one.expect.status;
    return ranOf(
      await app.ops.status(caller, {
        workflow_id: started.workflow_id,
        include: [...RUN_PARTS],
        ...(staysSuspended ? {} : { wait: WAIT, until: 'ended' as const }),
      }),
    );
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return {
      runId: null,
      status: 'failed',
      error: { code: thrown.code, message: thrown.message },
      steps: {},
      durationMs: 0,
    };
  } finally {
    await app.close();
  }
}

const ranOf = ({ workflow_id, status, error, steps, duration_ms }: StatusOutput): Ran => ({
  runId: workflow_id,
  status,
  error: error ?? null,
  steps,
  durationMs: duration_ms,
});
