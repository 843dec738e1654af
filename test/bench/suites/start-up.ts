/**
 * The executable as it is: how long until its version, and until a one-step file has run.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Round } from '../figure.ts';
import { type BenchContext, type Suite, timedSync } from '../suite.ts';

const BINARY = join(import.meta.dir, '..', '..', '..', 'dist', 'opcode');

const ONE_STEP = {
  steps: [{ id: 'hash', action: 'crypto.hash', params: { data: 'bench' } }],
};

function runBinary(args: readonly string[], home: string): void {
  const { exitCode, stderr } = Bun.spawnSync([BINARY, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: home, OPCODE_HOME: home, NO_COLOR: '1' },
    cwd: home,
  });
  if (exitCode !== 0) throw new Error(`opcode ${args.join(' ')}: ${stderr.toString()}`);
}

function measure(
  context: BenchContext,
  name: string,
  args: readonly string[],
  home: string,
  max: number,
): void {
  const rounds: Round[] = [];
  for (let round = 0; round <= context.rounds(20); round++) {
    const ms = timedSync(() => runBinary(args, home));
    if (round > 0) rounds.push({ samples: [ms] });
  }
  context.add(name, rounds, { settings: 'dist/opcode', unit: 'ms', bar: { max } });
}

export const startUp: Suite = {
  name: 'start-up',
  about: 'the built executable: --version, and a one-step file',
  async run(context) {
    if (!existsSync(BINARY)) {
      console.error(
        'start-up: dist/opcode is not there (npm run build makes it); nothing measured',
      );
      return;
    }
    await context.withFile((path) => {
      const home = dirname(path);
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, 'one.json'), JSON.stringify(ONE_STEP));
      measure(context, 'opcode --version', ['--version'], home, 50);
      measure(context, 'opcode run of a one-step file', ['run', './one.json'], home, 150);
      return Promise.resolve();
    });
  },
};
