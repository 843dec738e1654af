/**
 * What holds for every drawing, of any workflow: it can be read back, boxes are whole, nothing is
 * wider than asked, and no text in it can move the cursor.
 */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { drawAscii } from '../../src/diagram/ascii/draw-ascii.ts';
import { listForm } from '../../src/diagram/ascii/list-form.ts';
import { buildDiagram } from '../../src/diagram/build.ts';
import { toDot } from '../../src/diagram/dot.ts';
import { layoutSmall } from '../../src/diagram/layout-small.ts';
import { toMermaid } from '../../src/diagram/mermaid.ts';
import type { Definition, StepDef } from '../../src/model/definition.ts';
import { boxOf, cellsOf, type PictureBox, readPicture } from './picture-reader.ts';

const WIDE_ENOUGH = 400;

const text = (definition: Definition, width: number): string => {
  const model = buildDiagram(definition);
  return drawAscii(model, layoutSmall(model), { width, color: false, unicode: true });
};

/** A graph of up to 14 steps; step i depends on the chosen ones before it. */
const graphs: fc.Arbitrary<Definition> = fc
  .tuple(
    fc.array(fc.array(fc.nat(20), { maxLength: 4 }), { minLength: 1, maxLength: 14 }),
    fc.array(fc.nat(24), { minLength: 14, maxLength: 14 }),
  )
  .map(([picks, lengths]) => ({
    steps: picks.map((choice, i) => ({
      id: `s${i}`,
      action: 'x'.repeat(1 + (lengths[i] ?? 0)),
      depends_on: i === 0 ? [] : [...new Set(choice.map((n) => `s${n % i}`))],
    })),
  }));

const overlap = (a: PictureBox, b: PictureBox): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const noTwoOverlap = (boxes: readonly PictureBox[]): boolean =>
  boxes.every((box, i) => boxes.slice(i + 1).every((other) => !overlap(box, other)));

describe('any graph', () => {
  test('can be read back from its drawing, edge by edge', () => {
    fc.assert(
      fc.property(graphs, fc.constantFrom(60, WIDE_ENOUGH), (definition, width) => {
        const drawing = text(definition, width);
        if (!drawing.includes('┌')) return;
        const picture = readPicture(
          drawing,
          definition.steps.map((step) => step.id),
        );
        const wanted = definition.steps.flatMap((step) =>
          (step.depends_on ?? []).map((from) => `${from}>${step.id}`),
        );
        expect(picture.edges).toEqual(wanted.sort());
        expect(noTwoOverlap(picture.boxes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('is drawn when there is room for it', () => {
    fc.assert(
      fc.property(graphs, (definition) => {
        expect(text(definition, WIDE_ENOUGH)).toContain('┌');
      }),
      { numRuns: 20 },
    );
  });

  test('is never wider than asked', () => {
    fc.assert(
      fc.property(graphs, fc.integer({ min: 20, max: 100 }), (definition, width) => {
        const lines = text(definition, width).split('\n');
        expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(width);
      }),
      { numRuns: 20 },
    );
  });
});

/** Step lists nested up to three deep; ids are unique over the whole definition. */
function nestedSteps(depth: number): fc.Arbitrary<StepDef[]> {
  const leaf = fc.constantFrom<StepDef>(
    { id: '', action: 'http.get' },
    { id: '', type: 'wait', config: { duration: '5m' } },
    { id: '', type: 'reasoning', config: { options: [{ id: 'yes' }], prompt_context: 'go?' } },
  );
  if (depth === 0) return fc.array(leaf, { minLength: 1, maxLength: 3 });
  const inner = nestedSteps(depth - 1);
  const composite = fc.oneof(
    inner.map((body): StepDef => ({ id: '', type: 'loop', config: { over: [1], body } })),
    fc
      .array(inner, { maxLength: 3 })
      .map((branches): StepDef => ({ id: '', type: 'parallel', config: { branches } })),
    fc.tuple(inner, inner).map(
      ([yes, otherwise]): StepDef => ({
        id: '',
        type: 'condition',
        config: { expression: 'x', branches: { yes }, default: otherwise },
      }),
    ),
  );
  return fc.array(fc.oneof(leaf, composite), { minLength: 1, maxLength: 3 });
}

/** The same steps, each with an id of its own. */
function withIds(steps: readonly StepDef[], prefix: string): StepDef[] {
  return steps.map((step, i) => {
    const id = `${prefix}${i}`;
    const { body, branches, default: otherwise, ...rest } = step.config ?? {};
    if (step.config === undefined) return { ...step, id };
    const lists = Array.isArray(branches)
      ? branches.map((list: readonly StepDef[], n) => withIds(list, `${id}_${n}_`))
      : Object.fromEntries(
          Object.entries(branches ?? {}).map(([key, list]) => [key, withIds(list, `${id}_b_`)]),
        );
    return {
      ...step,
      id,
      config: {
        ...rest,
        ...(body === undefined ? {} : { body: withIds(body, `${id}_l_`) }),
        ...(branches === undefined ? {} : { branches: lists }),
        ...(otherwise === undefined ? {} : { default: withIds(otherwise, `${id}_d_`) }),
      },
    };
  });
}

describe('any nesting', () => {
  const nestings = nestedSteps(2).map((steps): Definition => ({ steps: withIds(steps, 's') }));

  test('keeps every box whole, and boxes of one list apart', () => {
    fc.assert(
      fc.property(nestings, (definition) => {
        const model = buildDiagram(definition);
        const drawing = cellsOf(text(definition, WIDE_ENOUGH));
        const boxes = new Map(model.nodes.map((node) => [node.path, boxOf(drawing, node.id)]));
        for (const list of new Set(model.nodes.map((node) => node.clusterPath))) {
          const members = model.nodes.filter((node) => node.clusterPath === list);
          expect(noTwoOverlap(members.flatMap((node) => boxes.get(node.path) ?? []))).toBe(true);
        }
        for (const cluster of model.clusters) {
          const outer = boxes.get(cluster.owner ?? '');
          for (const node of model.nodes.filter((each) => each.clusterPath === cluster.path)) {
            const inner = boxes.get(node.path);
            if (outer === undefined || inner === undefined) throw new Error('no box');
            expect(inner.x).toBeGreaterThan(outer.x);
            expect(inner.x + inner.width).toBeLessThan(outer.x + outer.width);
            expect(inner.y + inner.height).toBeLessThan(outer.y + outer.height);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('any text', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '日本語のテキスト',
      '👩‍👩‍👧‍👦 family',
      'e\u0301\u0301',
      '\x1b[2J\r\n\x07',
      '\u202eabc',
    ),
  );
  const definitions = anyText.map(
    (free): Definition => ({
      metadata: { name: free },
      steps: [
        { id: 'a', run: free, description: free, condition: free },
        { id: 'b', type: 'reasoning', depends_on: ['a'], config: { options: [{ id: free }] } },
      ],
    }),
  );

  test('leaves every line of a box equally wide', () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        const drawing = text(definition, 80);
        for (const id of ['a', 'b']) {
          const box = boxOf(drawing, id);
          const lines = drawing.split('\n').slice(box.y, box.y + box.height);
          // The box is the only thing in its rows, so its right border ends each of them.
          expect(new Set(lines.map((line) => stringWidth(line))).size).toBe(1);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('cannot move the cursor or reorder what is shown, in any format', () => {
    fc.assert(
      fc.property(definitions, (definition) => {
        const model = buildDiagram(definition);
        const outputs = [
          text(definition, 80),
          listForm(model).join('\n'),
          toMermaid(model),
          toDot(model, { for: 'svg' }),
        ];
        for (const output of outputs) {
          expect(output).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
          expect(output.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('odd models', () => {
  test('a cycle, which validation refuses, still gives a picture', () => {
    const drawing = text(
      {
        steps: [
          { id: 'a', depends_on: ['b'] },
          { id: 'b', depends_on: ['a'] },
        ],
      },
      80,
    );
    expect(readPicture(drawing, ['a', 'b']).boxes).toHaveLength(2);
  });

  test('ten thousand steps become a list', () => {
    const steps = Array.from({ length: 10_000 }, (_, i): StepDef => ({ id: `s${i}`, action: 'x' }));
    expect(text({ steps }, 80).split('\n')).toHaveLength(10_000);
  });

  test('a large workflow of few composites is drawn folded', () => {
    const body = Array.from({ length: 200 }, (_, i): StepDef => ({ id: `s${i}`, action: 'x' }));
    const steps: StepDef[] = [
      { id: 'one', type: 'loop', config: { over: [], body } },
      { id: 'two', type: 'loop', depends_on: ['one'], config: { over: [], body } },
    ];
    const drawing = text({ steps }, 80);
    expect(drawing).toContain('200 steps inside');
    expect(readPicture(drawing, ['one', 'two']).edges).toEqual(['one>two']);
  });

  test('nesting to the limit of 32 is given as a list where boxes do not fit', () => {
    let steps: StepDef[] = [{ id: 'core', action: 'x' }];
    for (let i = 0; i < 32; i++)
      steps = [{ id: `l${i}`, type: 'loop', config: { over: [], body: steps } }];
    expect(text({ steps }, 80)).toContain('core');
    expect(text({ steps }, WIDE_ENOUGH)).toContain('╭');
  });
});
