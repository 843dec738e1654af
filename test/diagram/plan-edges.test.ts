import { expect, test } from 'bun:test';
import { buildDiagram } from '../../src/diagram/build.ts';
import { planDependencies } from '../../src/diagram/plan-edges.ts';
import type { Definition } from '../../src/model/definition.ts';
import { compile } from '../validate/support.ts';

const log = (id: string, message: string) => ({ id, action: 'workflow.log', params: { message } });

const definition: Definition = {
  steps: [
    log('a', 'start'),
    log('b', 'after ${{steps.a.logged}}'),
    {
      id: 'each',
      type: 'loop',
      config: {
        over: '[1, 2]',
        body: [
          log('x', 'one'),
          {
            id: 'pick',
            type: 'condition',
            depends_on: [],
            config: {
              expression: 'true',
              branches: { true: [log('y', '${{steps.b.logged}}'), log('z', 'last')] },
              default: [log('w', 'none')],
            },
          },
          { ...log('end', '${{steps.pick.branch}} ${{steps.x.logged}}'), depends_on: [] },
        ],
      },
    },
    {
      id: 'both',
      type: 'parallel',
      config: {
        branches: [[log('p', 'p'), { ...log('q', '${{steps.p.logged}}'), depends_on: [] }], []],
      },
    },
  ],
  on_complete: {
    id: 'done',
    type: 'parallel',
    config: { branches: [[log('h', 'h'), { ...log('i', '${{steps.h.logged}}'), depends_on: [] }]] },
  },
};

test('what a step reads is drawn like what it says it depends on, in every list', () => {
  const { plan, problems } = compile(definition);
  expect(problems).toEqual([]);
  if (plan === null) throw new Error('no plan');
  const model = buildDiagram(definition, { dependencies: planDependencies(plan) });
  const edges = model.edges
    .filter((edge) => edge.kind !== 'branch')
    .map((edge) => `${edge.from} ${edge.kind} ${edge.to}`);
  expect(edges.sort()).toEqual(
    [
      'a depends b',
      'b depends each',
      'each.iter_*.pick depends each.iter_*.end',
      'each.iter_*.x depends each.iter_*.end',
      'each.iter_*.pick.true.y order each.iter_*.pick.true.z',
      'both.branch_0.p depends both.branch_0.q',
      '@on_complete.branch_0.h depends @on_complete.branch_0.i',
    ].sort(),
  );
});
