#!/usr/bin/env bun
/**
 * Where the executable begins. Only decides what to load: the version needs nothing, a compute
 * process needs the expression engines, everything else is a command.
 */
import { endOnUncaught, endWith } from './uncaught.ts';
import { release } from './version.ts';

const COMPUTE = '__compute';

async function start(args: readonly string[]): Promise<void> {
  endOnUncaught();
  const [first] = args;
  if (first === '--version' || first === '-V') {
    const { version, commit } = release();
    process.stdout.write(`opcode ${version} (${commit})\n`);
    return;
  }
  const { prepareOwnProcess } = await import('../src/app-own-process.ts');
  const env = prepareOwnProcess(process.env);
  if (first === COMPUTE) {
    const { runComputeServer } = await import('../src/app-compute.ts');
    await runComputeServer(args[1]);
    return;
  }
  const { runProgram } = await import('./program.ts');
  await runProgram(args, env);
}

// Not awaited here: while the entry waits, the runtime does not end on an error that nobody caught.
start(process.argv.slice(2)).catch((thrown: unknown) => void endWith('an error', thrown));
