import { describe, expect, test } from 'bun:test';
import { assertActions } from '../../src/actions/assert.ts';
import { cryptoActions } from '../../src/actions/crypto.ts';
import { workflowActions } from '../../src/actions/workflow.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { callInline, failureOf, find, openDeps } from './action-world.ts';

const all = [...cryptoActions(), ...assertActions(openDeps()), ...workflowActions()];
const run = (name: string, params: JsonObject, context: JsonObject = {}): Json =>
  callInline(find(all, name), params, context).output;
const fails = (name: string, params: JsonObject) => failureOf(() => run(name, params));

describe('crypto', () => {
  test('hashes and keyed hashes are those of the standard', () => {
    const hash = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(run('crypto.hash', { data: 'abc' })).toEqual({ hash, algorithm: 'sha256' });
    expect(run('crypto.hash', { data: 'abc', algorithm: 'md5' })).toEqual({
      hash: '900150983cd24fb0d6963f7d28e17f72',
      algorithm: 'md5',
    });
    expect(run('crypto.hmac', { data: 'ledger', key: 'k1' })).toEqual({
      hmac: '40fb74134ae1587fd53f0b2c1c899fb83480232e2e63c8a29ba6c9dd48171ba5',
      algorithm: 'sha256',
    });
  });

  test.each(['base64', 'base64url', 'hex'])('%s is read back', (encoding) => {
    const data = 'héllo 😀?>';
    const { result } = run('crypto.encode', { data, encoding }) as { result: string };
    expect(run('crypto.decode', { data: result, encoding })).toEqual({ result: data });
  });

  test.each([
    ['base64', 'a*b='],
    ['base64', 'abcde'],
    ['base64url', 'a+b/'],
    ['hex', 'abc'],
    ['hex', 'ff'],
  ])('%s %p is refused', async (encoding, data) => {
    expect((await fails('crypto.decode', { data, encoding })).code).toBe('VALIDATION_ERROR');
  });
});

describe('assert', () => {
  test('equality is by value, with key order aside', () => {
    const params = { expected: { a: [1, 2], b: null }, actual: { b: null, a: [1.0, 2] } };
    expect(run('assert.equals', params)).toEqual({ pass: true });
    expect(run('assert.equal', { expected: null, actual: null })).toEqual({ pass: true });
  });

  test('a difference is named with its place', async () => {
    const error = await fails('assert.equals', {
      message: 'the order',
      expected: { id: 1, items: [{ name: 'a' }, { name: 'b' }], 'x y': 1 },
      actual: { id: '1', items: [{ name: 'a' }, { name: 'c' }], extra: true },
    });
    expect(error.code).toBe('ASSERTION_FAILED');
    expect(error.message).toBe(
      'the order: values differ: id: expected number 1, got string "1"; ' +
        'items[1].name: expected string "b", got string "c"; ["x y"]: is missing; extra: is not expected',
    );
  });

  test('an inherited name is not a key', async () => {
    const error = await fails('assert.equals', { expected: { constructor: 1 }, actual: {} });
    expect(error.message).toContain('constructor: is missing');
  });

  test('contains: text in text, element in list', async () => {
    expect(run('assert.contains', { haystack: 'abc', needle: 'b' })).toEqual({ pass: true });
    expect(run('assert.contains', { haystack: [{ id: 1 }], needle: { id: 1 } })).toEqual({
      pass: true,
    });
    const missing = await fails('assert.contains', { haystack: [1, 2], needle: '1' });
    expect(missing.code).toBe('ASSERTION_FAILED');
    expect((await fails('assert.contains', { haystack: 'a1', needle: 1 })).code).toBe(
      'VALIDATION_ERROR',
    );
    expect((await fails('assert.contains', { haystack: { a: 1 }, needle: 'a' })).code).toBe(
      'VALIDATION_ERROR',
    );
  });

  test.each([
    ['a+?b', 'xaab aab', 'aab'],
    ['(a|ab)(c|bcd)', 'abcd', 'abcd'],
    ['(?i)HÉ.', 'xx hé! ', 'hé!'],
    ['(?m)^b$', 'a\nb', 'b'],
    ['\\bfoo\\b', 'afoo foo', 'foo'],
    ['[0-9]{2,}', 'a1b22c333', '22'],
    ['😀.', 'x😀y', '😀y'],
    ['', 'abc', ''],
  ])('%s finds in %p the text %p', (pattern, value, matches) => {
    expect(run('assert.matches', { value, pattern })).toEqual({ pass: true, matches });
  });

  test('a pattern that does not match, is no pattern, or is made to hurt', async () => {
    expect((await fails('assert.matches', { value: 'a', pattern: '^b' })).code).toBe(
      'ASSERTION_FAILED',
    );
    expect((await fails('assert.matches', { value: 'x', pattern: '(' })).code).toBe(
      'VALIDATION_ERROR',
    );
    expect((await fails('assert.matches', { value: 'x', pattern: '(?=x)' })).code).toBe(
      'VALIDATION_ERROR',
    );
    const value = `${'a'.repeat(50_000)}b`;
    const hurting = await fails('assert.matches', { value, pattern: '^(?:(a+)+)+$' });
    expect(hurting.code).toBe('ASSERTION_FAILED');
  });

  test('schema problems are listed with their places', async () => {
    const schema = {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
    };
    expect(run('assert.schema', { data: { id: 1 }, schema })).toEqual({ pass: true });
    const error = await fails('assert.schema', { data: { id: 'x', tags: [1] }, schema });
    expect(error.code).toBe('ASSERTION_FAILED');
    expect(error.message).toContain('id: must be integer, not string');
    expect(error.message).toContain('tags[0]: must be string, not number');
    expect((await fails('assert.schema', { data: 1, schema: 'object' })).code).toBe(
      'VALIDATION_ERROR',
    );
    const unsupported = { pattern: '(?=a)' };
    expect((await fails('assert.schema', { data: 'a', schema: unsupported })).code).toBe(
      'VALIDATION_ERROR',
    );
  });

  test.each([
    [1, true],
    ['0', true],
    [[0], true],
    [0, false],
    ['', false],
    [null, false],
    [[], false],
    [{}, false],
  ] as [Json, boolean][])('%j is truthy: %p', async (value, passes) => {
    if (passes) expect(run('assert.truthy', { value })).toEqual({ pass: true });
    else expect((await fails('assert.truthy', { value })).code).toBe('ASSERTION_FAILED');
  });
});

describe('workflow', () => {
  test('context is read, and merged by update with notes beside', () => {
    expect(run('workflow.context', { action: 'read' }, { a: 1 })).toEqual({ a: 1 });
    const params = { action: 'update', data: { a: 2 }, agent_notes: 'n', workflow_id: 'run-1' };
    const result = callInline(find(all, 'workflow.context'), params);
    expect(result).toEqual({ output: { updated: true }, notes: { context: { a: 2, notes: 'n' } } });
  });

  test('another run’s context is refused', async () => {
    const error = await fails('workflow.context', { action: 'read', workflow_id: 'run-2' });
    expect(error.code).toBe('VALIDATION_ERROR');
    expect((await fails('workflow.context', { action: 'update' })).code).toBe('VALIDATION_ERROR');
  });

  test('set, emit and log become events', () => {
    const set = callInline(find(all, 'workflow.set'), { variables: { a: 1, b: null } });
    expect(set).toEqual({ output: { set: ['a', 'b'] }, notes: { variables: { a: 1, b: null } } });
    const emit = callInline(find(all, 'workflow.emit'), { event: 'order', data: { n: 1 } });
    expect(emit.notes).toEqual({ emitted: [{ event_type: 'order', payload: { n: 1 } }] });
    const log = callInline(find(all, 'workflow.log'), { message: 'hi', order: 7 });
    expect(log.notes).toEqual({ logged: [{ level: 'info', message: 'hi', data: { order: 7 } }] });
  });

  test('fail fails for good, with or without a reason', async () => {
    const error = await fails('workflow.fail', { reason: 'budget exceeded' });
    expect([error.code, error.message]).toEqual(['NON_RETRYABLE', 'budget exceeded']);
    expect((await fails('workflow.fail', {})).code).toBe('NON_RETRYABLE');
  });
});
