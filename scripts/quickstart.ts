/**
 * `npm run quickstart`: builds the executable and runs the first example with it, so that two
 * commands after cloning a newcomer has seen a workflow run to its end. The example gets the
 * caller's terminal and environment, as if it had been started by hand.
 */
import { join } from 'node:path';
import { ROOT, runShown } from './processes.ts';

const runExample = async (): Promise<number> => {
  const command = [join(ROOT, 'dist', 'opcode'), 'examples', 'quickstart', '--run'];
  return await Bun.spawn(command, { stdio: ['inherit', 'inherit', 'inherit'] }).exited;
};

const built = await runShown([process.execPath, 'scripts/build.ts']);
process.exitCode = built === 0 ? await runExample() : built;
