/** Plans of definitions that use the real actions. */
import { builtinActions, createActionRegistry } from '../../src/actions/registry.ts';
import { compilePlan } from '../../src/core/graph.ts';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { splitText } from '../../src/expr/lexer.ts';
import { createCommandRunner } from '../../src/isolate/command-runner.ts';
import { quoteHoles } from '../../src/isolate/shell-text.ts';
import type { Definition } from '../../src/model/definition.ts';
import type { DefinitionHash } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import type { Plan } from '../../src/model/plan.ts';
import { NEWEST_RULES, rulesOf } from '../../src/model/rules.ts';
import { checkWithSchema } from '../../src/validate/schema-check.ts';

const actions = createActionRegistry(
  builtinActions({
    paths: { check: () => null },
    deniedPaths: [],
    openPaths: [],
    systemPaths: [],
    egress: { allow: () => null },
    commands: createCommandRunner(),
    checkSchema: checkWithSchema,
  }),
);
const compiler = createExpressionCompiler();

/** Compiles a stored definition; throws with its problems. */
export function planOf(definition: Json, hash: DefinitionHash): Plan {
  const compiled = compilePlan(definition as unknown as Definition, {
    compiler,
    actions,
    hash,
    rules: rulesOf(NEWEST_RULES),
    outputSchema: null,
    splitText,
    quoteHoles,
  });
  if (compiled.plan === null) throw new Error(JSON.stringify(compiled.problems));
  return compiled.plan;
}
