/** Lines that are no messages are answered, and do not disturb those that are. */
import { expect, test } from 'bun:test';
import { PassThrough } from 'node:stream';
import { messagesOf, refusedLine } from '../../src/mcp/refused-line.ts';

const told = (line: string) => {
  const answer = refusedLine(line);
  return answer === null ? null : (JSON.parse(answer) as { id: unknown; error: { code: number } });
};

test('requests, notices and answers are messages', () => {
  const lines = [
    '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{}}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
  ];
  for (const line of lines) expect(told(line)).toBeNull();
});

test('what is none is refused under its id', () => {
  const cases: readonly (readonly [string, number, unknown])[] = [
    ['garbage', -32_700, null],
    ['{"jsonrpc":', -32_700, null],
    ['5', -32_600, null],
    ['null', -32_600, null],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600, null],
    ['{}', -32_600, null],
    ['{"jsonrpc":"2.0","id":2}', -32_600, 2],
    ['{"jsonrpc":"1.0","id":"x","method":"ping"}', -32_600, 'x'],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32_600, null],
    ['{"jsonrpc":"2.0","id":3,"method":7}', -32_600, 3],
    ['{"jsonrpc":"2.0","result":{}}', -32_600, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32_600, null],
    ['{"jsonrpc":"2.0","id":1e20,"method":"ping"}', -32_600, null],
    ['{"jsonrpc":"2.0","id":4,"method":"ping","params":[1]}', -32_600, 4],
    ['{"jsonrpc":"2.0","id":4,"method":"ping","params":"x"}', -32_600, 4],
    ['{"jsonrpc":"2.0","id":5,"method":"tools/call"}', -32_602, 5],
    ['{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":7}}', -32_602, 5],
    [
      '{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"a","arguments":[]}}',
      -32_602,
      5,
    ],
  ];
  for (const [line, code, id] of cases) expect(told(line)).toMatchObject({ id, error: { code } });
});

test('a stream is freed of them, and ends with its source', async () => {
  const input = new PassThrough();
  const answers: string[] = [];
  const messages = messagesOf(input, (line) => answers.push(line));
  const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
  input.end(`nonsense\n${ping}\n[]\n${ping}\n`);
  expect(await new Response(messages as unknown as ReadableStream).text()).toBe(
    `${ping}\n${ping}\n`,
  );
  expect(answers.length).toBe(2);
});

test('optional parts that are none are left out, and everything else stays as it was written', async () => {
  const ping = (rest: string): string => `{"jsonrpc":"2.0","id":1,"method":"ping"${rest}}`;
  const cases = [
    [ping(',"params":null'), ping('')],
    [ping(',"params":{"_meta":null}'), ping(',"params":{}')],
    [ping(',"params":{"_meta":{"progressToken":null}}'), ping(',"params":{"_meta":{}}')],
    [
      ping(',"params":{ "n": 12345678901234567, "m":  1 }'),
      ping(',"params":{"n":"12345678901234567","m":1}'),
    ],
    [ping(',"params":{ "n": 1,  "m": 1 }'), ping(',"params":{ "n": 1,  "m": 1 }')],
    [
      ping(',"params":{"_meta":{"progressToken":12345678901234567},"n":-12345678901234567}'),
      ping(',"params":{"_meta":{},"n":"-12345678901234567"}'),
    ],
    [
      ping(',"params":{"_meta":{"progressToken":"a"}}'),
      ping(',"params":{"_meta":{"progressToken":"a"}}'),
    ],
  ];
  const input = new PassThrough();
  const messages = messagesOf(input, () => expect.unreachable());
  input.end(cases.map(([given]) => `${given}\n`).join(''));
  const text = await new Response(messages as unknown as ReadableStream).text();
  expect(text).toBe(cases.map(([, taken]) => `${taken}\n`).join(''));
});
