/** Header values and bodies that come from outside: read for what the standard says, in bounds. */
import { describe, expect, test } from 'bun:test';
import { encodeBody } from '../../src/actions/http-body.ts';
import { retryAfter } from '../../src/actions/http-status.ts';

const NOW = Date.parse('2027-01-01T00:00:00Z');
const YEAR = 365 * 86_400_000;

describe('Retry-After', () => {
  test.each([
    ['2', 2000],
    [' 0 ', 0],
    ['99999999999999999999', YEAR],
    ['Fri, 01 Jan 2027 00:00:05 GMT', 5000],
    ['Friday, 01-Jan-27 00:00:05 GMT', 5000],
    ['Fri Jan  1 00:00:05 2027', 5000],
    ['Thu, 31 Dec 2026 23:00:00 GMT', 0],
    ['Fri, 31 Dec 9999 23:59:59 GMT', YEAR],
    ['-5', null],
    ['1.5', null],
    ['2027-01-01T00:00:05Z', null],
    ['soon', null],
    ['', null],
  ])('%p is %p', (header, ms) => {
    expect(retryAfter(header, NOW)).toBe(ms);
  });
});

describe('a null body', () => {
  test.each([
    [{ method: 'POST' }, 'null'],
    [{ method: 'put', body_encoding: 'json' }, 'null'],
    [{ method: 'PATCH' }, 'null'],
    [{ method: 'GET' }, undefined],
    [{}, undefined],
    [{ method: 'HEAD' }, undefined],
    [{ method: 'DELETE' }, undefined],
    [{ method: 'POST', body_encoding: 'form' }, undefined],
    [{ method: 'POST', body_encoding: 'text' }, undefined],
    [{ method: 'POST', body_encoding: 'raw' }, undefined],
    [{ method: 'POST', body_encoding: 'base64' }, undefined],
  ])('with %j is sent as %p', (params, sent) => {
    expect(encodeBody({ ...params, body: null })?.bytes.toString()).toBe(sent as never);
  });

  test('that is not there is none', () => {
    expect(encodeBody({ method: 'POST' })).toBeNull();
  });
});

describe('a text as a JSON body', () => {
  const sent = (body: string, headers = {}) =>
    encodeBody({ body, body_encoding: 'json', headers })?.bytes.toString();

  test('that is a JSON object or list is sent as it is', () => {
    expect(sent('{"a": 1}')).toBe('{"a": 1}');
    expect(sent(' [1, 12345678901234567890]\n')).toBe(' [1, 12345678901234567890]\n');
    expect(sent('{"a":1}', { 'Content-Type': 'application/vnd.x+json; v=1' })).toBe('{"a":1}');
  });

  test('that is anything else, or said to be no JSON, is sent as a JSON text', () => {
    expect(sent('hello')).toBe('"hello"');
    expect(sent('123')).toBe('"123"');
    expect(sent('{"a": 1')).toBe('"{\\"a\\": 1"');
    expect(sent('{"a":1}', { 'content-type': 'text/x-quoted' })).toBe('"{\\"a\\":1}"');
  });
});
