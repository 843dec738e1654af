/** The jobs of a compute process, with the real Graphviz and the real renderer. */
import { describe, expect, test } from 'bun:test';
import { drawAscii } from '../../src/diagram/ascii/draw-ascii.ts';
import { FONT_FILES, RESVG_WASM_FILE } from '../../src/diagram/assets.ts';
import { buildDiagram } from '../../src/diagram/build.ts';
import { toDot } from '../../src/diagram/dot.ts';
import {
  MAX_PNG_PIXELS,
  MAX_PNG_SIDE,
  renderPng,
  runLayoutTask,
  zoomFor,
} from '../../src/diagram/layout-task.ts';
import { parsePlain } from '../../src/diagram/plain.ts';
import { release } from './definitions.ts';
import { boxOf } from './picture-reader.ts';

const model = buildDiagram(release, {
  title: 'A <b>"bold"</b> & 日本語 title',
  statuses: new Map([['build', { status: 'completed', detail: '2.1s' }]]),
});

describe('Graphviz', () => {
  test('gives a position for every node, from which a drawing can be made', async () => {
    const plain = await runLayoutTask({ format: 'plain', dot: toDot(model, { for: 'plain' }) });
    const layout = parsePlain(plain);
    for (const node of model.nodes) expect(layout?.positions.has(node.path)).toBe(true);
    const drawing = drawAscii(model, layout, { color: false, unicode: true });
    for (const node of model.nodes) {
      expect(boxOf(drawing, node.status === undefined ? node.id : `✓ ${node.id}`)).toBeDefined();
    }
  });

  test('gives an SVG in which every step can be found', async () => {
    const svg = await runLayoutTask({ format: 'svg', dot: toDot(model, { for: 'svg' }) });
    for (const node of model.nodes) expect(svg).toContain(`id="step:${node.path}"`);
    expect(svg).toContain('class="node step action completed"');
    expect(svg).not.toContain('<b>');
  });

  test('draws any text as text', async () => {
    const text = '</text><script>alert("1")</script> &amp; \uffff\u0000 \\N';
    const hostile = buildDiagram({
      metadata: { name: text },
      steps: [
        { id: 'a', run: text, description: text },
        {
          id: 'b',
          type: 'condition',
          config: { expression: text, branches: { [text]: [{ id: 'c', run: text }] } },
        },
      ],
    });
    const svg = await runLayoutTask({ format: 'svg', dot: toDot(hostile, { for: 'svg' }) });
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;script&gt;');
    expect(svg.trimEnd()).toEndWith('</svg>');
  });

  test('says so when it is given something else', async () => {
    const drawing = runLayoutTask({ format: 'svg', dot: 'digraph {' });
    expect(drawing).rejects.toThrow(/Graphviz could not draw/);
  });
});

describe('PNG', () => {
  test('is a picture with text in it', async () => {
    const wasm = new Uint8Array(await Bun.file(RESVG_WASM_FILE).arrayBuffer());
    const fonts = await Promise.all(FONT_FILES.map((file) => Bun.file(file).bytes()));
    const svg = (text: string): string =>
      `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="20"><text x="2" y="15" font-family="DejaVu Sans">${text}</text></svg>`;
    const [blank, text] = [
      await renderPng(svg(''), { wasm, fonts }),
      await renderPng(svg('build'), { wasm, fonts }),
    ];
    expect([...text.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    expect(text.length).toBeGreaterThan(blank.length);
    expect(renderPng('<svg', { wasm, fonts })).rejects.toThrow(/PNG could not be drawn/);
  });

  test('stays within the limits of pixels at any size', () => {
    expect(zoomFor(500, 400)).toBe(2);
    for (const [width, height] of [
      [3000, 44_000],
      [44_000, 10],
      [6000, 6000],
    ] as const) {
      const zoom = zoomFor(width, height);
      expect(width * height * zoom * zoom).toBeLessThanOrEqual(MAX_PNG_PIXELS * 1.001);
      expect(Math.max(width, height) * zoom).toBeLessThanOrEqual(MAX_PNG_SIDE * 1.001);
    }
  });
});
