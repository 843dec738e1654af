/** The manual inside the executable; loaded when somebody asks for it. */

import actions from '../skills/opcode/references/actions.md' with { type: 'text' };
import benchmarks from '../skills/opcode/references/benchmarks.md' with { type: 'text' };
import errors from '../skills/opcode/references/errors.md' with { type: 'text' };
import expressions from '../skills/opcode/references/expressions.md' with { type: 'text' };
import operations from '../skills/opcode/references/operations.md' with { type: 'text' };
import security from '../skills/opcode/references/security.md' with { type: 'text' };
import shell from '../skills/opcode/references/shell.md' with { type: 'text' };
import workflowSchema from '../skills/opcode/references/workflow-schema.md' with { type: 'text' };
import skill from '../skills/opcode/SKILL.md' with { type: 'text' };
import type { ManualPage } from './ops/deps.ts';

/** Every page, the overview first. */
export const MANUAL: readonly ManualPage[] = [
  { name: 'overview', text: skill.replace(/^---\n[\s\S]*?\n---\n/, '') },
  { name: 'workflow-schema', text: workflowSchema },
  { name: 'actions', text: actions },
  { name: 'shell', text: shell },
  { name: 'expressions', text: expressions },
  { name: 'errors', text: errors },
  { name: 'operations', text: operations },
  { name: 'security', text: security },
  { name: 'benchmarks', text: benchmarks, unlisted: true },
];
