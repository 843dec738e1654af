/** `diagram`: a template, a definition, a file or a run as a picture, in text or as an image. */
import { basename } from 'node:path';
import type * as v from 'valibot';
import type { DiagramModel } from '../diagram/model.ts';
import { AppError } from '../model/error.ts';
import { type Given, prepare } from './definitions.ts';
import { modelOf, overlayOf, titleOf } from './diagram-model.ts';
import { asciiOf, dotOf, mermaidOf, pngOf, svgOf } from './draw.ts';
import { type CallContext, EVERYWHERE, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { shownName } from './run-name.ts';
import { resolveRun } from './run-ref.ts';
import { diagramInput, diagramOutput } from './schemas.ts';
import { nameOf } from './start.ts';

type Input = v.InferOutput<typeof diagramInput>;
type Output = v.InferOutput<typeof diagramOutput>;

export function createDiagram(
  parts: OpsParts,
): Operation<typeof diagramInput, typeof diagramOutput> {
  return {
    name: 'diagram',
    summary: 'Draw a template, a definition or a run with its status',
    input: diagramInput,
    output: diagramOutput,
    surfaces: EVERYWHERE,
    access: 'read',
    handle: (ctx, input) => draw(parts, input, diagramModelOf(parts, ctx, input)),
  };
}

const fileNameOf = (source: Given['source']): string | null =>
  source?.file === undefined ? null : basename(source.file);

function diagramModelOf(parts: OpsParts, ctx: CallContext, input: Input): DiagramModel {
  const { workflow_id, template_name, version, definition, source } = input;
  const given: Given = { template_name, version, definition, source };
  if (workflow_id === undefined) {
    const prepared = prepare(parts, ctx, given);
    return modelOf(prepared, titleOf(prepared, nameOf(prepared) ?? fileNameOf(source)));
  }
  if (template_name !== undefined || definition !== undefined || source !== undefined) {
    throw new AppError('VALIDATION_ERROR', 'give a workflow_id or a definition, not both');
  }
  if (version !== undefined) {
    throw new AppError('VALIDATION_ERROR', 'version: a run has the one that it runs', {
      hint: 'leave it out, or draw the version with template_name',
    });
  }
  const { row, state } = parts.reader.read(resolveRun(parts.store, workflow_id));
  const stored = parts.plans.stored(row.definitionHash);
  const title = titleOf(state, shownName(row));
  return modelOf(
    { plan: state.plan, pack: stored },
    input.include_status ? `${title ?? 'workflow'} · ${row.status}` : title,
    input.include_status ? overlayOf(state, parts.clock.now()) : undefined,
  );
}

async function draw(parts: OpsParts, input: Input, model: DiagramModel): Promise<Output> {
  const { format } = input;
  switch (format) {
    case 'ascii':
      return { format, media_type: 'text/plain', text: await asciiOf(parts.compute, model, input) };
    case 'mermaid':
      return { format, media_type: 'text/vnd.mermaid', text: mermaidOf(model) };
    case 'dot':
      return { format, media_type: 'text/vnd.graphviz', text: dotOf(model) };
    case 'svg':
      return { format, media_type: 'image/svg+xml', text: await svgOf(parts.compute, model) };
    case 'image':
      return {
        format,
        media_type: 'image/png',
        data_base64: await pngOf(parts.compute, model),
      };
  }
}
