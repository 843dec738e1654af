import { describe, expect, test } from 'bun:test';
import { buildDiagram } from '../../src/diagram/build.ts';
import type { DiagramModel } from '../../src/diagram/model.ts';
import type { StatusOverlay } from '../../src/diagram/overlay.ts';
import type { Definition, StepDef } from '../../src/model/definition.ts';
import { chain, nested, release, step } from './definitions.ts';

const edgesOf = (model: DiagramModel): string[] =>
  model.edges.map((edge) => `${edge.from} ${edge.kind} ${edge.to}`);
const nodeOf = (model: DiagramModel, path: string) => {
  const node = model.nodes.find((each) => each.path === path);
  if (node === undefined) throw new Error(`no node ${path}`);
  return node;
};
const notesOf = (one: StepDef): string[] =>
  nodeOf(buildDiagram({ steps: [one] }), one.id).notes.map((note) => note.text);
const summaryOf = (one: StepDef): string => nodeOf(buildDiagram({ steps: [one] }), one.id).summary;

describe('the model holds the whole definition', () => {
  test('every step once, at its path', () => {
    expect(buildDiagram(release).nodes.map((node) => node.path)).toEqual([
      'build',
      'scan',
      'local_scan',
      'unit',
      'approve',
      'route',
      'route.prod.canary',
      'route.prod.settle',
      'route.prod.full',
      'route.staging.deploy',
      'notify',
      'notify.iter_*.mail',
      'notify.iter_*.log',
      'report',
      '@on_complete',
      '@on_error',
    ]);
  });

  test('every edge once, with its kind', () => {
    expect(edgesOf(buildDiagram(release)).sort()).toEqual(
      [
        'build depends scan',
        'build depends unit',
        'scan fallback local_scan',
        'scan depends approve',
        'unit depends approve',
        'approve depends route',
        'route branch route.prod.canary',
        'route.prod.canary order route.prod.settle',
        'route.prod.settle order route.prod.full',
        'route branch route.staging.deploy',
        'route depends notify',
        'notify branch notify.iter_*.mail',
        'notify.iter_*.mail order notify.iter_*.log',
        'notify depends report',
        'build depends report',
      ].sort(),
    );
  });

  test('lists inside composites and hooks are clusters', () => {
    expect(buildDiagram(release).clusters).toEqual([
      { path: 'route.prod', kind: 'branch', label: 'prod', owner: 'route' },
      { path: 'route.staging', kind: 'branch', label: 'staging', owner: 'route' },
      { path: 'route.default', kind: 'default', label: 'default', owner: 'route' },
      { path: 'notify.iter_*', kind: 'body', label: 'body', owner: 'notify' },
      { path: '@on_complete/list', kind: 'hook', label: 'on complete', owner: null },
      { path: '@on_error/list', kind: 'hook', label: 'on error', owner: null },
    ]);
  });

  test('nesting is kept at any depth', () => {
    const yes = nodeOf(buildDiagram(nested), 'all.branch_0.poll.iter_*.check.true.yes');
    expect(yes.clusterPath).toBe('all.branch_0.poll.iter_*.check.true');
  });

  test('the title is the given one, else metadata.name, else none', () => {
    expect(buildDiagram(release).title).toBe('Release a service');
    expect(buildDiagram(release, { title: 'v3' }).title).toBe('v3');
    expect(buildDiagram(chain).title).toBeNull();
  });
});

describe('order', () => {
  const list = (order: 'graph' | 'sequence'): Definition => ({
    order,
    steps: [{ id: 'a' }, { id: 'b' }, { id: 'c', depends_on: ['a'] }, { id: 'd' }],
  });

  test('a top list is a graph unless it says sequence', () => {
    expect(edgesOf(buildDiagram(list('graph')))).toEqual(['a depends c']);
    expect(edgesOf(buildDiagram(list('sequence')))).toEqual([
      'a order b',
      'a depends c',
      'c order d',
    ]);
  });

  test('a fallback stands outside of the sequence', () => {
    const definition: Definition = {
      order: 'sequence',
      steps: [
        { id: 'a', on_error: { strategy: 'fallback_step', fallback_step: 'plan_b' } },
        { id: 'plan_b', depends_on: ['a'] },
        { id: 'z' },
      ],
    };
    const model = buildDiagram(definition);
    expect(edgesOf(model)).toEqual(['a fallback plan_b', 'a order z']);
    expect(nodeOf(model, 'plan_b').isFallback).toBe(true);
  });

  test('dependencies handed in are drawn like any other, once, in the list they name', () => {
    const asked: string[] = [];
    const model = buildDiagram(nested, {
      dependencies: (list) => {
        asked.push(list);
        return list === 'all.branch_0' ? [{ from: 'fetch', to: 'poll' }] : [];
      },
    });
    expect(asked).toContain('all.branch_0.poll.iter_*.check.true');
    // The sequence says so already.
    expect(edgesOf(model).filter((edge) => edge.endsWith('poll'))).toEqual([
      'all.branch_0.fetch order all.branch_0.poll',
    ]);
    const reads = buildDiagram(chain, {
      dependencies: (list) => (list === '' ? [{ from: 'build', to: 'publish' }] : []),
    });
    expect(edgesOf(reads)).toEqual([
      'build depends test',
      'test depends publish',
      'build depends publish',
    ]);
  });

  test('edges to steps that are not there, and to itself, are left out', () => {
    expect(edgesOf(buildDiagram({ steps: [step('a', 'ghost', 'a')] }))).toEqual([]);
  });
});

describe('what a step says', () => {
  test.each<[StepDef, string]>([
    [{ id: 's', action: 'http.get' }, 'http.get'],
    [{ id: 's', run: 'echo  hi\nexit 1' }, '$ echo hi exit 1'],
    [{ id: 's', action: 'workflow.run', params: { template_name: 'child' } }, 'workflow.run child'],
    [
      { id: 's', type: 'condition', config: { expression: '${{ a.b }}', branches: { true: [] } } },
      'if a.b',
    ],
    [{ id: 's', type: 'condition', config: { expression: 'x', branches: { y: [] } } }, 'match x'],
    [{ id: 's', type: 'loop', config: { over: [1, 2, 3] } }, 'for each of 3 items'],
    [{ id: 's', type: 'loop', config: { mode: 'until', condition: 'done' } }, 'until done'],
    [{ id: 's', type: 'parallel', config: { mode: 'race' } }, 'parallel, first one wins'],
    [{ id: 's', type: 'wait', config: { duration: '5m' } }, 'wait 5m'],
    [
      { id: 's', type: 'wait', config: { until: '2030-01-01T00:00:00Z' } },
      'wait until 2030-01-01T00:00:00Z',
    ],
    [{ id: 's', type: 'wait', config: { signal: 'paid' } }, 'wait for signal paid'],
    [{ id: 's', type: 'reasoning', config: { target_agent: 'ops' } }, 'decision by ops'],
  ])('%j is "%s"', (one, text) => {
    expect(summaryOf(one)).toBe(text);
  });

  test('guards, options, retries, limits and rules', () => {
    expect(
      notesOf({
        id: 's',
        action: 'http.get',
        condition: '${{ inputs.go }}',
        trigger_rule: 'any_failed',
        retry: { max: 5, backoff: 'exponential', delay: '2s' },
        timeout: '30s',
        on_error: { strategy: 'ignore' },
      }),
    ).toEqual([
      'only if inputs.go',
      'when one failed',
      'retry 5x, exponential 2s',
      'limit 30s',
      'errors ignored',
    ]);
    expect(notesOf({ id: 's', type: 'reasoning', config: { options: [] } })).toEqual([
      'any answer',
    ]);
    const many = Array.from({ length: 9 }, (_, i) => ({ id: `o${i}` }));
    expect(notesOf({ id: 's', type: 'reasoning', config: { options: many } }).at(-1)).toBe(
      '3 more',
    );
  });
});

describe('statuses of a run', () => {
  const overlay = (
    entries: [string, 'completed' | 'failed' | 'running', string?][],
  ): StatusOverlay =>
    new Map(
      entries.map(([path, status, detail]) => [
        path,
        detail === undefined ? { status } : { status, detail },
      ]),
    );

  test('stand at their steps, with their details', () => {
    const statuses = overlay([
      ['build', 'completed', '2.1s'],
      ['notify', 'running', '3/10'],
    ]);
    const model = buildDiagram(release, { statuses });
    expect(nodeOf(model, 'build')).toMatchObject({ status: 'completed', detail: '2.1s' });
    expect(nodeOf(model, 'notify')).toMatchObject({ status: 'running', detail: '3/10' });
    expect(nodeOf(model, 'unit').status).toBeUndefined();
  });

  test('of iterations are folded: the gravest one, and how many have ended', () => {
    const statuses = overlay([
      ['notify', 'running', '12s'],
      ['notify.iter_0.mail', 'completed'],
      ['notify.iter_1.mail', 'failed'],
      ['notify.iter_2.mail', 'running'],
      ['notify.iter_0.log', 'completed'],
    ]);
    const model = buildDiagram(release, { statuses });
    expect(nodeOf(model, 'notify.iter_*.mail')).toMatchObject({ status: 'failed', detail: '2/3' });
    expect(nodeOf(model, 'notify.iter_*.log')).toMatchObject({
      status: 'completed',
      detail: '1/1',
    });
  });

  test('a step that is merely called iter_1 is no iteration', () => {
    const definition: Definition = {
      steps: [
        {
          id: 'c',
          type: 'condition',
          config: { expression: 'x', branches: { iter_1: [step('a')] } },
        },
      ],
    };
    const model = buildDiagram(definition, { statuses: overlay([['c.iter_1.a', 'completed']]) });
    expect(nodeOf(model, 'c.iter_1.a').status).toBe('completed');
  });
});
