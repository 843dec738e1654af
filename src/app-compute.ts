/**
 * The compute process put together: expression engines, Graphviz and the PNG renderer behind one
 * loop over standard input. Started by `runtime/compute/pool.ts` as a hidden subcommand.
 */
import { chooseZones } from './app-zones.ts';
import { FONT_FILES, RESVG_WASM_FILE } from './diagram/assets.ts';
import { renderPng, runLayoutTask } from './diagram/layout-task.ts';
import { createComputeEngines, runComputeTask } from './expr/compute-task.ts';
import { createJqEngine } from './expr/jq.ts';
import type { ComputeAnswer, ComputeRequest } from './model/expression.ts';
import { isJsonObject, type Json } from './model/json.ts';
import { serveCompute } from './runtime/compute/server.ts';

/** Serves until standard input closes, with the time zones of the process that asks. */
export async function runComputeServer(zones: string | undefined): Promise<void> {
  chooseZones(zones === 'system' ? 'system' : 'bundled');
  const engines = createComputeEngines(createJqEngine());
  const write = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  await serveCompute(linesOfStdin(), write, (request) => carryOut(request, engines));
}

function carryOut(
  request: ComputeRequest,
  engines: ReturnType<typeof createComputeEngines>,
): Promise<ComputeAnswer> {
  if (request.task === 'layout') return layout(request.payload);
  if (request.task === 'png') return png(request.payload);
  return runComputeTask(request, engines);
}

const textIn = (payload: Json, key: string): string => {
  const value = isJsonObject(payload) ? payload[key] : undefined;
  return typeof value === 'string' ? value : '';
};

async function layout(payload: Json): Promise<ComputeAnswer> {
  const format = textIn(payload, 'format') === 'svg' ? 'svg' : 'plain';
  return { ok: true, value: await runLayoutTask({ format, dot: textIn(payload, 'dot') }) };
}

/** The picture as base64 text. */
async function png(payload: Json): Promise<ComputeAnswer> {
  const read = async (path: string): Promise<Uint8Array<ArrayBuffer>> =>
    new Uint8Array(await Bun.file(path).arrayBuffer());
  const fonts = await Promise.all(FONT_FILES.map(read));
  const picture = await renderPng(textIn(payload, 'svg'), {
    wasm: await read(RESVG_WASM_FILE),
    fonts,
  });
  return { ok: true, value: Buffer.from(picture).toString('base64') };
}

async function* linesOfStdin(): AsyncIterable<string> {
  for await (const line of console) yield line;
}
