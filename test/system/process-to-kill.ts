/**
 * A process of its own that executes a parent run with a child, made to be killed with SIGKILL.
 *
 * Arguments: the home, the text of the child's definition. Prints `{parent, child}` when the child
 * exists, then goes on executing until somebody ends it.
 */
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { eventually } from '../support/patience.ts';
import { openSystem } from './support.ts';

const [home, definition] = process.argv.slice(2);
if (home === undefined || definition === undefined) throw new Error('give a home and a definition');

const system = await openSystem(home);
await system.template('child', JSON.parse(definition) as object);
const parent = await system.run(
  {
    steps: [
      { id: 'before', run: 'echo before >> log' },
      {
        id: 'child',
        action: 'workflow.run',
        params: { template_name: 'child' },
        depends_on: ['before'],
      },
      { id: 'after', run: 'echo after >> log', depends_on: ['child'] },
    ],
  },
  { wait: 0 },
);
const child = await eventually(async () => {
  const { steps } = await system.ops.status(system.me, {
    workflow_id: parent.workflow_id,
    include: [...RUN_PARTS],
  });
  return steps.child?.child_id;
});
process.stdout.write(`${JSON.stringify({ parent: parent.workflow_id, child })}\n`);
setInterval(() => undefined, 60_000);
