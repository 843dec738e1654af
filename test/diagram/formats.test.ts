/** Mermaid, DOT and the list form hold every node and edge, whatever the texts in them say. */
import { describe, expect, test } from 'bun:test';
import { listForm } from '../../src/diagram/ascii/list-form.ts';
import { buildDiagram } from '../../src/diagram/build.ts';
import { toDot } from '../../src/diagram/dot.ts';
import { foldComposites, foldToLimit } from '../../src/diagram/fold.ts';
import { toMermaid } from '../../src/diagram/mermaid.ts';
import type { DiagramModel } from '../../src/diagram/model.ts';
import { parsePlain } from '../../src/diagram/plain.ts';
import type { Definition } from '../../src/model/definition.ts';
import { chain, nested, release, step } from './definitions.ts';

const HOSTILE = [
  'end',
  'a"b',
  "it's",
  '];end;graph TD',
  '"]:::x --> n0["',
  '<script>alert(1)</script>',
  '&quot;&#35;',
  '`**md**`',
  '1. list',
  '- list',
  '$$\\frac12$$',
  '\\N \\G "\\',
  '%%{init: {}}%%',
  '日本語 👩‍👩‍👧',
  'line\nbreak\ttab',
  '\u202eevil\u0007\u001b[31m',
];

/** The hostile texts in every place that takes free text. */
const hostile = (text: string): Definition => ({
  metadata: { name: text },
  steps: [
    { id: 'end', run: text, description: text, condition: text },
    {
      id: 'graph',
      type: 'condition',
      depends_on: ['end'],
      config: { expression: text, branches: { [text]: [step('subgraph')] } },
    },
    { id: 'ask', type: 'reasoning', config: { options: [{ id: text }], prompt_context: text } },
  ],
});

/** Lines of a Mermaid text sorted by what they are; throws on any line that is none of ours. */
function readMermaid(text: string): { nodes: string[]; edges: string[]; depth: number } {
  const nodes: string[] = [];
  const edges: string[] = [];
  let depth = 0;
  const body = text.replace(/^---\ntitle: ".*"\n---\n/, '').split('\n');
  expect(body.shift()).toBe('flowchart TD');
  const label = '"[^"`<>\\\\]*"';
  for (const line of body.map((each) => each.trim().replaceAll('<br/>', ' '))) {
    if (line === '' || /^classDef [a-z]+ [#\w:,]+$/.test(line)) continue;
    if (/^class [n\d,]+ [a-z]+$/.test(line)) continue;
    const shape = String.raw`(\[${label}\]|\{${label}\}|\[\[${label}\]\]|\(\[${label}\]\)|\{\{${label}\}\})`;
    const node = new RegExp(`^(n\\d+|c\\d+_\\d+_empty)${shape}$`).exec(line);
    const edge = new RegExp(`^[nc](\\d+) (-->|-\\.->)(\\|${label}\\|)? n(\\d+)$`).exec(line);
    if (node?.[1] !== undefined) nodes.push(node[1]);
    else if (edge !== null) edges.push(`${edge[1]}>${edge[4]}`);
    else if (new RegExp(`^subgraph \\w+\\[${label}\\]$`).test(line)) depth++;
    else if (line === 'end') depth--;
    else throw new Error(`not a line of Mermaid: ${line}`);
    expect(depth).toBeGreaterThanOrEqual(0);
  }
  return { nodes, edges, depth };
}

const numbered = (model: DiagramModel): string[] => {
  const number = new Map(model.nodes.map((node, i) => [node.path, i]));
  return model.edges.map((edge) => `${number.get(edge.from)}>${number.get(edge.to)}`);
};

describe('Mermaid', () => {
  test.each([chain, release, nested])('shows every node and edge (%#)', (definition) => {
    const model = buildDiagram(definition);
    const { nodes, edges, depth } = readMermaid(toMermaid(model));
    expect(nodes.filter((id) => id.startsWith('n'))).toHaveLength(model.nodes.length);
    expect(edges).toEqual(numbered(model));
    expect(depth).toBe(0);
  });

  test('a small workflow reads like this', () => {
    const statuses = new Map([['build', { status: 'completed' as const, detail: '2.1s' }]]);
    expect(toMermaid(buildDiagram(chain, { title: 'CI', statuses }))).toBe(`---
title: "CI"
---
flowchart TD
  n0["build<br/>#36; npm run build<br/>completed 2.1s"]
  n1["test<br/>#36; npm test<br/>retry 2x, linear"]
  n2["publish<br/>http.post"]
  n0 --> n1
  n1 --> n2
  classDef completed fill:#dcfce7,stroke:#16a34a,color:#1f2933
  class n0 completed
`);
  });

  test.each(HOSTILE)('text cannot break out of its label: %j', (text) => {
    const model = buildDiagram(hostile(text));
    const { nodes, edges, depth } = readMermaid(toMermaid(model));
    expect(nodes).toHaveLength(model.nodes.length);
    expect(edges).toEqual(numbered(model));
    expect(depth).toBe(0);
  });
});

describe('DOT', () => {
  test.each(HOSTILE)('strings and labels stay closed: %j', (text) => {
    const model = buildDiagram(hostile(text));
    for (const format of ['plain', 'svg'] as const) {
      // Without strings and HTML labels only our own words are left.
      const rest = toDot(model, { for: format })
        .replaceAll(/"(?:[^"\\]|\\.)*"/g, 'S')
        .replaceAll(/=<<b>[^<>]*<\/b>(?:<br\/><font color=S>[^<>]*<\/font>)*>/g, '=H');
      expect(rest).toMatch(/^[\w\s[\]{}=,.;>-]*$/);
    }
  });

  test('nodes carry the id and class by which a page finds them', () => {
    const statuses = new Map([['build', { status: 'failed' as const }]]);
    const dot = toDot(buildDiagram(chain, { statuses }), { for: 'svg' });
    expect(dot).toContain('id="step:build"');
    expect(dot).toContain('class="step action failed"');
  });
});

describe('positions from Graphviz', () => {
  test('are read with quoted names and broken lines, y growing downwards', () => {
    const layout = parsePlain(
      'graph 1 4 3\nnode "a b\\"c" 1 2.5 1 1 "" solid box black lightgrey\n' +
        'node plain 2 0.5 1 1 "x" solid box black \\\nlightgrey\nedge a b 2 1 1 2 2 solid black\nstop\n',
    );
    expect(layout?.positions).toEqual(
      new Map([
        ['a b"c', { x: 1, y: 0.5 }],
        ['plain', { x: 2, y: 2.5 }],
      ]),
    );
  });

  test.each(['', 'graph 1 2 3', 'node a 1 2', 'nonsense\nstop\n'])('%j is refused', (text) => {
    expect(parsePlain(text)).toBeNull();
  });
});

describe('the list form', () => {
  test('aligns steps, statuses and what they do', () => {
    const statuses = new Map([
      ['build', { status: 'completed' as const, detail: '2.1s' }],
      ['scan', { status: 'failed' as const }],
      ['approve', { status: 'suspended' as const, detail: '2h10m' }],
    ]);
    expect(listForm(buildDiagram(release, { statuses }), { width: 80 }).join('\n')).toBe(
      `Release a service
✓ build       completed 2.1s  $ make dist
✗ scan        failed          http.post · ← build
local_scan                    $ trivy fs . · ← failure of scan
unit                          $ npm test · ← build
⏸ approve     waiting 2h10m   decision by a person · ship | hold (stops) · ← sc…
route                         match inputs.env · ← approve
├─ prod:
│  ├─ canary                  http.post
│  ├─ settle                  wait 10m
│  └─ full                    http.post
├─ staging:
│  └─ deploy                  http.post
└─ default: (nothing)
notify                        for each of inputs.people · ← route
├─ mail                       http.post · only if iter.item.mail != null
└─ log                        workflow.log
report                        workflow.emit · ← notify, build
on complete:
└─ done                       workflow.log
on error:
└─ alert                      http.post`,
    );
  });

  test('can do without Unicode and without a limit', () => {
    const lines = [buildDiagram(nested), buildDiagram(release)].flatMap((model) =>
      listForm(model, { unicode: false }),
    );
    expect(lines.join('\n')).toMatch(/^[\x20-\x7e\n]*$/);
    expect(lines).toContain('|     `- check      if x > 1');
    expect(lines).toContain('unit          $ npm test - <- build');
  });

  test('continues long lines when asked to, so that nothing is lost', () => {
    const ids = Array.from({ length: 40 }, (_, i) => `step_number_${i}`);
    const model = buildDiagram({ steps: [...ids.map((id) => step(id)), step('join', ...ids)] });
    const lines = listForm(model, { width: 60, wrap: true });
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
    const text = lines.slice(40).join(' ');
    for (const id of ids) expect(text).toMatch(new RegExp(`\\b${id}\\b`));
  });
});

describe('folding', () => {
  test('leaves a small model alone', () => {
    const model = buildDiagram(release);
    expect(foldToLimit(model)).toBe(model);
  });

  test('makes each composite one node that counts what was inside', () => {
    const folded = foldComposites(buildDiagram(nested));
    expect(folded.nodes.map((node) => [node.path, node.folded])).toEqual([['all', 6]]);
    expect(folded.clusters).toEqual([]);
    const top = foldComposites(buildDiagram(release));
    expect(top.nodes.map((node) => node.id)).toContain('alert');
    expect(top.edges.every((edge) => edge.kind !== 'branch')).toBe(true);
  });
});
