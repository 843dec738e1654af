/** The channels that the reference shows take every kind of message, and the services get what they want. */
import { describe, expect, test } from 'bun:test';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import { isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { NOTICE_KINDS } from '../../src/model/notice.ts';
import { readNoticeChannels, readNoticeRules } from '../../src/model/notice-settings.ts';
import { compileBody } from '../../src/notify/body.ts';
import { PAYLOAD_NAMES, samplePayload } from '../../src/notify/payload.ts';
import { blocksOf, codeSpans, reference } from '../docs/markdown.ts';

const page = reference('notify');
const section = page.text;
const expressions = {
  compiler: createExpressionCompiler(),
  evaluator: createExpressionEvaluator(),
};

const settings = blocksOf(page)
  .filter(({ text }) => text.includes('"notify"'))
  .map(({ text }) => (JSON.parse(text) as { notify: { rules: Json; channels: Json } }).notify);

const channels = settings.flatMap((notify) => {
  const read = readNoticeChannels(notify.channels);
  expect(read.problems).toEqual([]);
  return Object.entries(read.value);
});

const ODD = 'a "quote", a \\ and\na line <b>';

const bodyOf = (name: string): { readonly text: string; readonly value: JsonObject } => {
  const channel = channels.find(([each]) => each === name)?.[1];
  if (channel?.type !== 'webhook') throw new Error(`${name} is no webhook`);
  const compiled = compileBody(expressions, channel.body, NOTICE_KINDS);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const rendered = compiled.body.render({ ...samplePayload('run_failed'), message: ODD });
  if (!rendered.ok) throw new Error(rendered.error);
  const { text, contentType } = rendered.body;
  const value: unknown = contentType === 'application/json' ? JSON.parse(text) : {};
  return { text, value: isJsonObject(value) ? value : {} };
};

describe('the reference', () => {
  test('shows rules that are read', () => {
    expect(settings.length).toBeGreaterThanOrEqual(2);
    for (const { rules } of settings) expect(readNoticeRules(rules).problems).toEqual([]);
  });

  test('names every kind and every field of a message', () => {
    const words = new Set(codeSpans(section));
    // Nothing locks a vault yet: the word is only accepted.
    const told = NOTICE_KINDS.filter((kind) => kind !== 'vault_locked');
    expect(told.filter((kind) => !words.has(kind))).toEqual([]);
    expect(PAYLOAD_NAMES.filter((name) => !words.has(name))).toEqual([]);
    expect(Object.keys(samplePayload('decision')).sort()).toEqual([...PAYLOAD_NAMES].sort());
  });

  test('has a body for Slack', () => {
    const text = `title\n${ODD}`;
    expect(bodyOf('slack').value).toEqual({
      text: 'Opcode',
      blocks: [{ type: 'section', text: { type: 'plain_text', text } }],
    });
  });

  test('has a body for Teams', () => {
    const { value } = bodyOf('teams');
    expect(value.type).toBe('message');
    expect(JSON.stringify(value)).toContain(JSON.stringify(ODD));
  });

  test('has a body for Discord, in which nobody is mentioned', () => {
    expect(bodyOf('discord').value).toEqual({
      content: `**title**\n${ODD}`,
      allowed_mentions: { parse: [] },
    });
  });

  test('has a body for ntfy, which is a text', () => {
    expect(bodyOf('ntfy').text).toBe(`title: ${ODD}`);
  });
});
