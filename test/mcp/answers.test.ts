/** What a tool answers can be sent: nobody waits for an answer that no transport can write. */
import { expect, test } from 'bun:test';
import { answerResult } from '../../src/mcp/answers.ts';
import type { JsonObject } from '../../src/model/json.ts';

test('an answer is the same as text and as a value', () => {
  const { content, structuredContent } = answerResult({
    a: 1,
    b: undefined,
  } as unknown as JsonObject);
  expect(content).toEqual([{ type: 'text', text: '{"a":1}' }]);
  expect(Object.keys(structuredContent ?? {})).toEqual(['a']);
});

test('one that is no JSON is refused before it reaches the transport', () => {
  const endless: Record<string, unknown> = {};
  endless.self = endless;
  expect(() => answerResult(endless as JsonObject)).toThrow(TypeError);
  expect(() => answerResult({ n: 1n } as unknown as JsonObject)).toThrow(TypeError);
});
