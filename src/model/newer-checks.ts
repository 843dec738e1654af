/**
 * Checks that are newer than the first rules: what each refuses, with a definition that it refuses.
 *
 * A text that was registered before keeps running, so for it they are warnings; they refuse new
 * versions, files and inline definitions. An issue of such a check names it (`Issue.check`), and a
 * plan compiles although it is there.
 */
import type { JsonObject } from './json.ts';

export interface NewerCheck {
  /** What it refuses, as the end of the sentence "it refuses …". */
  readonly refuses: string;
  /** A definition or package that the first rules took and this check refuses. */
  readonly sample: JsonObject;
}

const step = (more: JsonObject): JsonObject => ({ steps: [{ id: 'a', ...more }] });

export const NEWER_CHECKS = {
  EMPTY_LOOP_BODY: {
    refuses: 'a loop whose body has no step',
    sample: step({ type: 'loop', config: { over: '[1]', body: [] } }),
  },
  NO_PARALLEL_BRANCHES: {
    refuses: 'a parallel step without branches',
    sample: step({ type: 'parallel', config: { branches: [] } }),
  },
  EMPTY_PARALLEL_BRANCH: {
    refuses: 'a parallel step with a branch that has no step',
    sample: step({ type: 'parallel', config: { branches: [[{ id: 'b', run: 'true' }], []] } }),
  },
  NO_PROMPT: {
    refuses: 'a decision without a question',
    sample: step({ type: 'reasoning', config: { options: [{ id: 'yes' }] } }),
  },
  ZERO_TIMEOUT: {
    refuses: 'a limit of no time',
    sample: step({ run: 'sleep 5', timeout: '0s' }),
  },
  NO_INPUT_FITS: {
    refuses: 'an input schema that no object fits',
    sample: {
      input_schema: { type: 'array' },
      definition: step({ run: 'true' }),
    },
  },
  NO_SUCH_OUTPUT_FIELD: {
    refuses: "a read of a field that a composite's output never has",
    sample: {
      steps: [
        { id: 'r', type: 'parallel', config: { branches: [[{ id: 'b', run: 'true' }]] } },
        { id: 'c', run: 'echo "${{steps.r.output.stdout}}"' },
      ],
    },
  },
  VALUE_IN_PROGRAM_TEXT: {
    refuses: 'a value where it would become text that a shell runs',
    sample: { inputs: { v: 'x' }, ...step({ run: 'trap "echo ${{inputs.v}}" EXIT' }) },
  },
  ENV_NAME: {
    refuses: 'a variable whose name is none',
    sample: step({ run: 'true', params: { env: { 'my-name': 'x' } } }),
  },
  JQ_ARGUMENT_NAME: {
    refuses: 'an argument of a jq filter that the filter cannot read',
    sample: step({ action: 'jq', params: { filter: '.', input: 1, args: { __loc__: 5 } } }),
  },
  CEL_ESCAPE: {
    refuses: 'an escape in a CEL text that CEL does not have',
    sample: step({ run: 'true', condition: '"\\q" == "q"' }),
  },
  NO_SUCH_TIME: {
    refuses: 'a wait until a time that no calendar has',
    sample: step({ type: 'wait', config: { until: '2027-02-30T00:00:00Z' } }),
  },
  BIG_LITERAL: {
    refuses: 'a whole number beyond 2^53 in an expression, which no data can be equal to',
    sample: {
      inputs: { id: '1' },
      ...step({ run: 'true', condition: 'inputs.id == 1234567890123456789' }),
    },
  },
  UNREAD_ARGS: {
    refuses: '`args` of a shell text that never reads them',
    sample: step({
      action: 'shell.exec',
      params: { command: 'echo', args: ['a'], shell: true, fail_on_error: true },
    }),
  },
} as const satisfies Readonly<Record<string, NewerCheck>>;

export type NewerCheckName = keyof typeof NEWER_CHECKS;
