/**
 * The two heavy jobs of diagrams: Graphviz and PNG. To be called inside a compute process only.
 *
 * Graphviz can take a minute on a thousand nodes and cannot be interrupted, so whoever calls this sets
 * a limit and kills the process. The libraries are loaded with the first job and kept. Bytes of the
 * wasm and of the fonts are handed in (`assets.ts` says where they are).
 */
import { AppError, messageOf } from '../model/error.ts';
import { FONT_NAME } from './dot.ts';

interface LayoutTask {
  readonly format: 'plain' | 'svg';
  readonly dot: string;
}

interface PngAssets {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly fonts: readonly Uint8Array[];
}

/** A picture is scaled up to twice its size for sharp text, as long as it has no more pixels. */
const SHARP_PNG_PIXELS = 5_000_000;
/** What a picture of natural size may have; a larger one is scaled down. */
export const MAX_PNG_PIXELS = 20_000_000;
export const MAX_PNG_SIDE = 16_000;
const MAX_ZOOM = 2;

/** The wasm can be initialised once in a process, by whoever draws first. */
let resvgReady: Promise<typeof import('@resvg/resvg-wasm')> | undefined;

/**
 * Runs Graphviz (`dot`) and returns its `plain` or `svg` text.
 * @throws EXECUTION_ERROR when Graphviz refuses the input.
 */
export async function runLayoutTask(task: LayoutTask): Promise<string> {
  const { Graphviz } = await import('@hpcc-js/wasm-graphviz');
  const graphviz = await Graphviz.load();
  try {
    return graphviz.layout(task.dot, task.format, 'dot');
  } catch (thrown) {
    throw new AppError('EXECUTION_ERROR', `Graphviz could not draw: ${messageOf(thrown)}`, {
      hint: 'use the ascii or mermaid format',
      cause: thrown,
    });
  }
}

/**
 * A PNG of an SVG, twice as large where the pixel limit allows it.
 * @throws EXECUTION_ERROR when the SVG cannot be drawn.
 */
export async function renderPng(svg: string, assets: PngAssets): Promise<Uint8Array> {
  const { Resvg } = await loadResvg(assets.wasm);
  try {
    const options = {
      background: '#ffffff',
      font: {
        fontBuffers: [...assets.fonts],
        defaultFontFamily: FONT_NAME,
        sansSerifFamily: FONT_NAME,
      },
    };
    const measured = new Resvg(svg, options);
    const zoom = zoomFor(measured.width, measured.height);
    measured.free();
    const resvg = new Resvg(svg, { ...options, fitTo: { mode: 'zoom', value: zoom } });
    const image = resvg.render();
    const png = image.asPng();
    image.free();
    resvg.free();
    return png;
  } catch (thrown) {
    throw new AppError('EXECUTION_ERROR', `the PNG could not be drawn: ${messageOf(thrown)}`, {
      hint: 'use the svg format',
      cause: thrown,
    });
  }
}

/** The scale at which a picture stays within the limits of pixels and sides. */
export function zoomFor(width: number, height: number): number {
  const area = Math.max(1, width * height);
  const sharp = Math.min(MAX_ZOOM, Math.sqrt(SHARP_PNG_PIXELS / area));
  const natural = Math.min(1, Math.sqrt(MAX_PNG_PIXELS / area));
  return Math.min(Math.max(sharp, natural), MAX_PNG_SIDE / Math.max(1, width, height));
}

function loadResvg(wasm: Uint8Array<ArrayBuffer>): Promise<typeof import('@resvg/resvg-wasm')> {
  resvgReady ??= import('@resvg/resvg-wasm').then(async (module) => {
    await module.initWasm(wasm);
    return module;
  });
  return resvgReady;
}
