/** jq as the product runs it beside gojq, the engine of the Go program's workflows. */
import { join } from 'node:path';
import { createJqEngine } from '../../src/expr/jq.ts';
import { type Json, jsonEquals } from '../../src/model/json.ts';
import type { Comparison } from './comparison.ts';
import { explainJq, type JqRequest } from './jq-differences.ts';
import { jqData, jqProgram, PROGRAMS } from './jq-programs.ts';
import { type Answer, buildGo } from './original.ts';

const engine = createJqEngine();

async function ours(request: unknown): Promise<Answer> {
  const { program, input, args } = request as JqRequest;
  const answer = await engine.run(program, input, {
    args,
    nowMs: 0,
    firstOnly: false,
    maxOutputBytes: 1_000_000,
    maxOutputs: 1_000,
  });
  return answer.ok
    ? { ok: true, value: answer.results }
    : { ok: false, error: `${answer.kind}: ${answer.message}` };
}

export const JQ: Comparison = {
  build: () =>
    buildGo({
      name: 'gojq 0.12.20',
      source: join(import.meta.dir, 'originals/gojq.go'),
      modules: ['github.com/itchyny/gojq@v0.12.20'],
    }),
  requests(random, count) {
    const fixed = PROGRAMS.map(([program, input]) => ({ program, input, args: {} }));
    const random_ = Array.from({ length: Math.max(0, count - fixed.length) }, () => ({
      program: jqProgram(random),
      input: jqData(random),
      args: { v: jqData(random) },
    }));
    return [...fixed, ...random_].slice(0, Math.max(count, 0));
  },
  ours,
  equal(mine, theirs) {
    if (!mine.ok || !theirs.ok) return mine.ok === theirs.ok;
    return jsonEquals(mine.value as Json, theirs.value as Json);
  },
  explain: (request, mine, theirs) => explainJq(request as JqRequest, mine, theirs),
  show(request) {
    const { program, input } = request as JqRequest;
    return `${program}  on ${JSON.stringify(input)}`;
  },
};
