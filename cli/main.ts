#!/usr/bin/env bun
/**
 * Where the executable begins. Only decides what to load: the version needs nothing, a compute
 * process needs the expression engines, everything else is a command.
 */
import { release } from './version.ts';

const COMPUTE = '__compute';

async function start(args: readonly string[]): Promise<void> {
  const [first] = args;
  if (first === '--version' || first === '-V') {
    const { version, commit } = release();
    process.stdout.write(`opcode ${version} (${commit})\n`);
    return;
  }
  if (first === COMPUTE) {
    const { runComputeServer } = await import('../src/app-compute.ts');
    await runComputeServer();
    return;
  }
  const { runProgram } = await import('./program.ts');
  await runProgram(args);
}

await start(process.argv.slice(2));
