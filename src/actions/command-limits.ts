/**
 * The `limits` of a command: `memory` (`512MB`, bytes), `cpu` (cores), `pids`, `network`.
 */
import { isJsonObject, type Json } from '../model/json.ts';
import type { CommandLimits } from './deps.ts';

const SIZE = /^(\d+(?:\.\d+)?)\s*(B|K|KB|KiB|M|MB|MiB|G|GB|GiB)$/i;
const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const NAMES = ['memory', 'cpu', 'pids', 'network'];
const LEAST_MEMORY = 1024 ** 2;

/** What is wrong with `limits`, or null. */
export function limitsProblem(limits: Json | undefined): string | null {
  if (!isJsonObject(limits)) return null;
  const { memory, cpu, pids, network } = limits;
  const unknown = Object.keys(limits).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) return `"limits" has no "${unknown}": it takes ${NAMES.join(', ')}`;
  if (memory !== undefined && (bytesOf(memory) ?? 0) < LEAST_MEMORY) {
    return '"limits.memory" must be bytes or a size such as "512MB", at least 1MB';
  }
  if (cpu !== undefined && !(typeof cpu === 'number' && cpu > 0)) {
    return '"limits.cpu" must be a number of cores over 0';
  }
  if (pids !== undefined && !(Number.isInteger(pids) && Number(pids) > 0)) {
    return '"limits.pids" must be a whole number over 0';
  }
  if (network !== undefined && typeof network !== 'boolean') {
    return '"limits.network" must be true or false';
  }
  return null;
}

/** Checked limits as the runner wants them. */
export function commandLimits(limits: Json | undefined): CommandLimits {
  if (!isJsonObject(limits)) return {};
  const { memory, cpu, pids, network } = limits;
  const memoryBytes = memory === undefined ? null : bytesOf(memory);
  return {
    ...(memoryBytes === null ? {} : { memoryBytes }),
    ...(typeof cpu === 'number' ? { cpu } : {}),
    ...(typeof pids === 'number' ? { pids } : {}),
    ...(network === false ? { network } : {}),
  };
}

function bytesOf(memory: Json): number | null {
  if (typeof memory === 'number') return Number.isInteger(memory) ? memory : null;
  const match = typeof memory === 'string' ? SIZE.exec(memory.trim()) : null;
  if (match === null) return null;
  return Math.floor(Number(match[1]) * (UNITS[(match[2] ?? 'b').charAt(0).toLowerCase()] ?? 1));
}
