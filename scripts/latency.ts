/**
 * `bun scripts/latency.ts`: how long small steps take, alone and while hostile runs do their worst.
 * The bar: 99 of 100 under 50 ms.
 */
import { fileURLToPath } from 'node:url';
import { runShown } from './processes.ts';

const PROGRAM = fileURLToPath(new URL('../test/bench/print-latency.ts', import.meta.url));
const LIMIT_MS = 5 * 60_000;

process.exitCode = await runShown([process.execPath, PROGRAM], { limitMs: LIMIT_MS });
