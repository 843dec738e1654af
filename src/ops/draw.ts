/**
 * Drawing a diagram model in a format. What may take long is done by a compute process; when that
 * does not answer in time, text is drawn from the simpler layout and pictures fail with what to do.
 */
import { drawAscii } from '../diagram/ascii/draw-ascii.ts';
import { toDot } from '../diagram/dot.ts';
import { foldToLimit } from '../diagram/fold.ts';
import { layoutSmall } from '../diagram/layout-small.ts';
import { toMermaid } from '../diagram/mermaid.ts';
import type { DiagramModel } from '../diagram/model.ts';
import { MAX_DRAWN_NODES } from '../diagram/model.ts';
import { type PlainLayout, parsePlain } from '../diagram/plain.ts';
import { AppError } from '../model/error.ts';
import type { Json } from '../model/json.ts';
import type { ComputePool } from '../model/ports.ts';

export interface AsciiStyle {
  readonly width?: number | undefined;
  readonly color: boolean;
  readonly unicode: boolean;
}

/** The model as text with boxes and arrows, or as an indented list when it is too large. */
export async function asciiOf(
  compute: ComputePool,
  model: DiagramModel,
  style: AsciiStyle,
): Promise<string> {
  const { width, ...rest } = style;
  const layout = layoutSmall(model) ?? (await largeLayout(compute, model));
  return drawAscii(model, layout, width === undefined ? rest : { ...rest, width });
}

async function largeLayout(compute: ComputePool, model: DiagramModel): Promise<PlainLayout | null> {
  const folded = foldToLimit(model);
  if (folded.nodes.length > MAX_DRAWN_NODES) return null;
  const payload = { format: 'plain', dot: toDot(folded, { for: 'plain' }) };
  const answer = await compute.run({ task: 'layout', payload });
  return answer.ok && typeof answer.value === 'string' ? parsePlain(answer.value) : null;
}

export const mermaidOf = (model: DiagramModel): string => toMermaid(foldToLimit(model));

export const dotOf = (model: DiagramModel): string => toDot(model, { for: 'svg' });

/** SVG text. @throws EXECUTION_ERROR when it cannot be drawn in time */
export function svgOf(compute: ComputePool, model: DiagramModel): Promise<string> {
  const dot = toDot(foldToLimit(model), { for: 'svg' });
  return textOf(compute, { task: 'layout', payload: { format: 'svg', dot } });
}

/** A PNG as base64. @throws EXECUTION_ERROR when it cannot be drawn in time */
export async function pngOf(compute: ComputePool, model: DiagramModel): Promise<string> {
  const svg = await svgOf(compute, model);
  return textOf(compute, { task: 'png', payload: { svg } });
}

async function textOf(
  compute: ComputePool,
  request: { readonly task: 'layout' | 'png'; readonly payload: Json },
): Promise<string> {
  const answer = await compute.run(request);
  if (answer.ok && typeof answer.value === 'string') return answer.value;
  const why = answer.ok ? 'the answer was no picture' : answer.error.message;
  throw new AppError('EXECUTION_ERROR', `the picture could not be drawn: ${why}`, {
    hint: 'the formats ascii, mermaid and dot always work',
  });
}
