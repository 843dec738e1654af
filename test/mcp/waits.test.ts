/** How long a call waits when it is not told: a client that is shown how it goes waits longer. */
import { expect, test } from 'bun:test';
import { callTool } from '../../src/mcp/call-tool.ts';
import type { Ops } from '../../src/ops/catalog.ts';

/** The `wait` that an operation was called with. */
async function waitOf(tool: 'run' | 'signal', args: object, showsProgress: boolean) {
  const seen = Promise.withResolvers<unknown>();
  const operation = async (_ctx: unknown, input: { readonly wait?: unknown }): Promise<never> => {
    seen.resolve(input.wait);
    throw new Error('so far and no further');
  };
  const ops = { run: operation, signal: operation } as unknown as Ops;
  const caller = { agentId: 'a', role: 'agent', sender: 'agent' } as const;
  const call = { ops, ctx: { caller, exec: null }, spelling: 'dots', showsProgress } as const;
  await expect(callTool(tool, call, args)).rejects.toThrow();
  return seen.promise;
}

test.each([
  ['run', { template_name: 't' }, false, '25s'],
  ['run', { template_name: 't' }, true, '50s'],
  ['run', { template_name: 't', wait: '1s' }, true, '1s'],
  ['run', { template_name: 't', wait: 0 }, true, 0],
  ['signal', { signal_type: 'decision' }, false, '25s'],
  ['signal', { signal_type: 'cancel' }, false, 0],
  ['signal', { signal_type: 'retry', wait: '1s' }, false, '1s'],
] as const)('%s %j, shown: %p, waits %p', async (tool, args, showsProgress, wait) => {
  expect(await waitOf(tool, args, showsProgress)).toBe(wait);
});
