/** The value of an expression step is in `result`: a read of the whole output is warned about. */
import { expect, test } from 'bun:test';
import { check } from './support.ts';

const warned = (action: string, param: string, text: string): string[] =>
  check({
    steps: [
      { id: 'keep', action, params: { [param]: action === 'jq' ? '.' : '1' } },
      { id: 'say', action: 'workflow.log', params: { message: text } },
    ],
  })
    .filter(({ code }) => code === 'WRAPPED_RESULT')
    .map(({ path, hint }) => `${path}: ${hint}`);

const HINT = 'steps[1].params.message: read steps.keep.result';

test.each<[string, string, string, string[]]>([
  ['jq', 'filter', '${{steps.keep.output}}', [HINT]],
  ['jq', 'filter', '${{size(steps.keep.output)}}', [HINT]],
  ['expr.eval', 'expression', 'n is ${{steps.keep.output}}', [HINT]],
  ['cel.eval', 'expression', '${{ steps.keep.output }}', [HINT]],
  ['jq', 'filter', '${{steps.keep.output.result}}', []],
  ['jq', 'filter', '${{steps.keep.result}}', []],
  ['jq', 'filter', "${{steps.keep.output['results'][0]}}", []],
])('%s %s: %s', (action, param, text, expected) => {
  expect(warned(action, param, text)).toEqual(expected);
});
