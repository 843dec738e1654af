/** The manual inside the executable; loaded when somebody asks for it. */

import access from '../skills/opcode/references/access.md' with { type: 'text' };
import actions from '../skills/opcode/references/actions.md' with { type: 'text' };
import actionsFs from '../skills/opcode/references/actions-fs.md' with { type: 'text' };
import actionsHttp from '../skills/opcode/references/actions-http.md' with { type: 'text' };
import actionsShell from '../skills/opcode/references/actions-shell.md' with { type: 'text' };
import actionsWorkflow from '../skills/opcode/references/actions-workflow.md' with { type: 'text' };
import api from '../skills/opcode/references/api.md' with { type: 'text' };
import benchmarks from '../skills/opcode/references/benchmarks.md' with { type: 'text' };
import cel from '../skills/opcode/references/cel.md' with { type: 'text' };
import daemon from '../skills/opcode/references/daemon.md' with { type: 'text' };
import errors from '../skills/opcode/references/errors.md' with { type: 'text' };
import events from '../skills/opcode/references/events.md' with { type: 'text' };
import exprBuiltins from '../skills/opcode/references/expr-builtins.md' with { type: 'text' };
import exprLang from '../skills/opcode/references/expr-lang.md' with { type: 'text' };
import expressions from '../skills/opcode/references/expressions.md' with { type: 'text' };
import failure from '../skills/opcode/references/failure.md' with { type: 'text' };
import jq from '../skills/opcode/references/jq.md' with { type: 'text' };
import jsonSchema from '../skills/opcode/references/json-schema.md' with { type: 'text' };
import limits from '../skills/opcode/references/limits.md' with { type: 'text' };
import mcp from '../skills/opcode/references/mcp.md' with { type: 'text' };
import notify from '../skills/opcode/references/notify.md' with { type: 'text' };
import numbers from '../skills/opcode/references/numbers.md' with { type: 'text' };
import operations from '../skills/opcode/references/operations.md' with { type: 'text' };
import running from '../skills/opcode/references/running.md' with { type: 'text' };
import schedules from '../skills/opcode/references/schedules.md' with { type: 'text' };
import secrets from '../skills/opcode/references/secrets.md' with { type: 'text' };
import security from '../skills/opcode/references/security.md' with { type: 'text' };
import settings from '../skills/opcode/references/settings.md' with { type: 'text' };
import shell from '../skills/opcode/references/shell.md' with { type: 'text' };
import shellPrograms from '../skills/opcode/references/shell-programs.md' with { type: 'text' };
import signals from '../skills/opcode/references/signals.md' with { type: 'text' };
import stepTypes from '../skills/opcode/references/step-types.md' with { type: 'text' };
import upkeep from '../skills/opcode/references/upkeep.md' with { type: 'text' };
import warnings from '../skills/opcode/references/warnings.md' with { type: 'text' };
import webhooks from '../skills/opcode/references/webhooks.md' with { type: 'text' };
import workflowSchema from '../skills/opcode/references/workflow-schema.md' with { type: 'text' };
import skill from '../skills/opcode/SKILL.md' with { type: 'text' };
import type { ManualPage } from './ops/deps.ts';

/** Every page, the overview first. */
export const MANUAL: readonly ManualPage[] = [
  { name: 'overview', text: skill.replace(/^---\n[\s\S]*?\n---\n/, '') },
  { name: 'workflow-schema', text: workflowSchema },
  { name: 'json-schema', text: jsonSchema },
  { name: 'numbers', text: numbers },
  { name: 'step-types', text: stepTypes },
  { name: 'failure', text: failure },
  { name: 'limits', text: limits },
  { name: 'expressions', text: expressions },
  { name: 'expr-builtins', text: exprBuiltins },
  { name: 'cel', text: cel },
  { name: 'expr-lang', text: exprLang },
  { name: 'jq', text: jq },
  { name: 'actions', text: actions },
  { name: 'actions-fs', text: actionsFs },
  { name: 'actions-http', text: actionsHttp },
  { name: 'actions-shell', text: actionsShell },
  { name: 'actions-workflow', text: actionsWorkflow },
  { name: 'shell', text: shell },
  { name: 'shell-programs', text: shellPrograms },
  { name: 'errors', text: errors },
  { name: 'warnings', text: warnings },
  { name: 'operations', text: operations },
  { name: 'running', text: running },
  { name: 'signals', text: signals },
  { name: 'events', text: events },
  { name: 'schedules', text: schedules },
  { name: 'webhooks', text: webhooks },
  { name: 'daemon', text: daemon },
  { name: 'mcp', text: mcp },
  { name: 'api', text: api },
  { name: 'notify', text: notify },
  { name: 'upkeep', text: upkeep },
  { name: 'settings', text: settings },
  { name: 'security', text: security },
  { name: 'secrets', text: secrets },
  { name: 'access', text: access },
  { name: 'benchmarks', text: benchmarks, unlisted: true },
];
