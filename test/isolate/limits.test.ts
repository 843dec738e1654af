import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import type { CommandLimits, CommandResult } from '../../src/isolate/command.ts';
import { createCommandRunner } from '../../src/isolate/command-runner.ts';
import { describeLimits, findLimitTools, type LimitTools } from '../../src/isolate/limits.ts';
import { startTimeOf } from '../../src/isolate/process-info.ts';
import { AppError } from '../../src/model/error.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const real = findLimitTools();
const kept = describeLimits(real);
const nothing: LimitTools = { cgroups: {}, noNetwork: null, prlimit: null };

const run = (
  limits: CommandLimits,
  text: string,
  tools: LimitTools = real,
): Promise<CommandResult> =>
  createCommandRunner({ leftoverGraceMs: 20, drainMs: 20, findLimitTools: () => tools })
    .prepare({
      argv: ['sh', '-c', text],
      cwd: '/',
      baseEnv: {},
      env: {},
      stdin: null,
      maxOutputBytes: 10_000,
      limits,
    })
    .run({
      timeoutMs: PATIENCE_MS,
      signal: new AbortController().signal,
      onOutput: () => undefined,
      cut: (text, from, to) => text.slice(from, to),
    });

const codeOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
  } catch (thrown) {
    return thrown instanceof AppError ? `${thrown.code} ${thrown.message}` : String(thrown);
  }
  return 'it ran';
};

/** What is asserted where a limit can be had; elsewhere that it is refused. */
const where = (limit: keyof CommandLimits): boolean => kept[limit] !== null;

describe('a limit that cannot be had is refused, never dropped', () => {
  test.each([
    [{ memoryBytes: 1e8 }, 'limits.memory'],
    [{ cpu: 1 }, 'limits.cpu'],
    [{ pids: 5 }, 'limits.pids'],
    [{ network: false }, 'limits.network'],
  ] as [CommandLimits, string][])('%j', async (limits, name) => {
    const refusal = await codeOf(() => run(limits, 'true', nothing));
    expect(refusal).toStartWith(`ISOLATION_ERROR ${name} cannot be kept here`);
  });

  test('nothing is asked of the machine for a command without limits', async () => {
    const runner = createCommandRunner({
      findLimitTools() {
        throw new Error('it was asked');
      },
    });
    const command = {
      argv: ['true'],
      cwd: '/',
      baseEnv: {},
      env: {},
      stdin: null,
      maxOutputBytes: 1,
    };
    runner.prepare({ ...command, limits: {} }).discard();
    runner.prepare({ ...command, limits: { network: true } }).discard();
    expect(await codeOf(async () => runner.prepare({ ...command, limits: { pids: 1 } }))).toContain(
      'it was asked',
    );
  });
});

describe('limits that can be had here', () => {
  test.if(where('memoryBytes'))('a command that eats memory is ended', async () => {
    const eat = 'exec 2>&1; head -c 200000000 /dev/zero | tail > /dev/null; echo survived';
    const result = await run({ memoryBytes: 20_000_000 }, `${eat}`);
    expect(result.stdout).toMatch(/Killed|exhausted|memory/i);
  });

  test.if(real.prlimit !== null)('memory also without control groups', async () => {
    const tools = { ...nothing, prlimit: real.prlimit };
    const result = await run(
      { memoryBytes: 20_000_000 },
      'head -c 99999999 /dev/zero | tail >/dev/null',
      tools,
    );
    expect(result.stderr).toMatch(/exhausted|memory/i);
  });

  test.if(where('pids'))('a command that forks is stopped from it', async () => {
    const fork = 'for i in 1 2 3 4 5 6 7 8 9; do sleep 30 & done; echo all';
    const result = await run({ pids: 4 }, fork);
    expect(result.stdout).not.toContain('all');
  });

  test.if(where('network'))('without network there is only an unused loopback', async () => {
    const result = await run({ network: false }, 'grep -c : /proc/net/dev; exit 3');
    expect([result.stdout, result.exitCode]).toEqual(['1\n', 3]);
  });

  test.if(where('pids'))(
    'no control group stays behind, nor who left the process group',
    async () => {
      const folder = real.cgroups.pids?.folder ?? '';
      const result = await run({ pids: 20 }, "setsid sh -c 'echo $$; exec sleep 30' & sleep 0.05");
      expect(startTimeOf(Number(result.stdout))).toBe(null);
      expect(
        readdirSync(folder).filter((name) => name.startsWith(`opcode-${process.pid}-`)),
      ).toEqual([]);
    },
  );
});
