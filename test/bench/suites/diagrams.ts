/**
 * Drawing: text in this process, pictures by the code that a compute process runs.
 */
import { drawAscii } from '../../../src/diagram/ascii/draw-ascii.ts';
import { FONT_FILES, RESVG_WASM_FILE } from '../../../src/diagram/assets.ts';
import { buildDiagram } from '../../../src/diagram/build.ts';
import { toDot } from '../../../src/diagram/dot.ts';
import { foldToLimit } from '../../../src/diagram/fold.ts';
import { layoutSmall } from '../../../src/diagram/layout-small.ts';
import { renderPng, runLayoutTask } from '../../../src/diagram/layout-task.ts';
import { toMermaid } from '../../../src/diagram/mermaid.ts';
import type { DiagramModel } from '../../../src/diagram/model.ts';
import type { Definition, StepDef } from '../../../src/model/definition.ts';
import type { Round } from '../figure.ts';
import { type BenchContext, type Suite, timed } from '../suite.ts';

/** Rows of four steps, each reading two of the row before: what people write, only longer. */
function woven(count: number): Definition {
  const steps = Array.from({ length: count }, (_, n): StepDef => {
    const row = Math.floor(n / 4);
    const above = row === 0 ? [] : [`step_${n - 4}`, `step_${(row - 1) * 4 + ((n + 1) % 4)}`];
    return { id: `step_${n}`, action: 'http.get', depends_on: above };
  });
  return { steps };
}

const ascii = (model: DiagramModel): string =>
  drawAscii(model, layoutSmall(model), { color: false, unicode: true });

const svg = (model: DiagramModel): Promise<string> =>
  runLayoutTask({ format: 'svg', dot: toDot(foldToLimit(model), { for: 'svg' }) });

async function measure(
  context: BenchContext,
  name: string,
  steps: number,
  max: number | null,
  draw: (model: DiagramModel) => unknown,
): Promise<void> {
  const definition = woven(steps);
  const rounds: Round[] = [];
  for (let round = 0; round <= context.rounds(9); round++) {
    const ms = await timed(() => draw(buildDiagram(definition)));
    if (round > 0) rounds.push({ samples: [ms] });
  }
  const settings = `${steps} steps, warm`;
  context.add(name, rounds, { settings, unit: 'ms', ...(max === null ? {} : { bar: { max } }) });
}

export const diagrams: Suite = {
  name: 'diagrams',
  about: 'ASCII, Mermaid, SVG and PNG of 60 steps, text of 10,000',
  async run(context) {
    const bytes = async (file: string) => new Uint8Array(await Bun.file(file).arrayBuffer());
    const wasm = await bytes(RESVG_WASM_FILE);
    const fonts = await Promise.all(FONT_FILES.map(bytes));
    await measure(context, 'ASCII', 60, 50, ascii);
    await measure(context, 'Mermaid', 60, null, toMermaid);
    await measure(context, 'SVG', 60, null, svg);
    await measure(context, 'PNG', 60, 400, async (model) =>
      renderPng(await svg(model), { wasm, fonts }),
    );
    for (const size of context.quick ? [1000] : [300, 1000, 10_000]) {
      await measure(context, 'ASCII', size, 2500, ascii);
    }
  },
};
