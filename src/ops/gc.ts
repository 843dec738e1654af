/** `gc`: removes runs whose time has passed and gives the room in the file back. */
import type * as v from 'valibot';
import { AppError } from '../model/error.ts';
import { parseDuration } from '../model/time.ts';
import { ENDED_STATUSES, type EndedStatus } from '../model/upkeep-store.ts';
import type { CallContext, Operation, Surface } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { collectGarbage, countExpired, type ExpiryRule, type GcProgress } from './retention.ts';
import type { Retention } from './upkeep-deps.ts';
import { gcInput, gcOutput } from './upkeep-schemas.ts';

const SURFACES: readonly Surface[] = ['cli', 'http'];

/** A caller that wants to see how far it is. */
export interface GcContext extends CallContext {
  readonly onProgress?: (progress: GcProgress) => void;
}

export function createGc(parts: OpsParts): Operation<typeof gcInput, typeof gcOutput> {
  return {
    name: 'gc',
    summary: 'Remove ended runs that are old enough and shrink the database',
    input: gcInput,
    output: gcOutput,
    surfaces: SURFACES,
    access: 'operate',
    async handle(ctx: GcContext, input) {
      const { retention } = parts.upkeep;
      const nowMs = parts.clock.now();
      const isAsked = (status: EndedStatus): boolean => input.status?.includes(status) ?? true;
      const rules =
        input.older_than === undefined
          ? rulesOf(retention, nowMs)
          : ENDED_STATUSES.map((status) => ({ status, endedBefore: endedBefore(input, nowMs) }));
      const request = {
        rules: rules.filter(({ status }) => isAsked(status)),
        // What is asked for by age is meant: the setting is for what goes by itself.
        keepLast: input.keep_last ?? (input.older_than === undefined ? retention.keepLast : 0),
        abort: ctx.abort,
        onProgress: ctx.onProgress,
      };
      return input.dry_run ? counted(parts, request) : collected(parts, request);
    },
  };
}

/** What retention removes by itself at this time. */
export function rulesOf({ completedMs, failedMs }: Retention, nowMs: number): ExpiryRule[] {
  const kept = { completed: completedMs, failed: failedMs, cancelled: failedMs };
  return ENDED_STATUSES.flatMap((status) => {
    const keptMs = kept[status];
    return keptMs === null ? [] : [{ status, endedBefore: nowMs - keptMs }];
  });
}

function endedBefore({ older_than: age }: v.InferOutput<typeof gcInput>, nowMs: number): number {
  // Ended in this very millisecond is ended too.
  if (age === undefined || age.trim() === '0') return nowMs + 1;
  const parsed = parseDuration(age);
  if (parsed.ok) return nowMs - parsed.ms;
  throw new AppError('VALIDATION_ERROR', `older_than: ${parsed.message}`);
}

type Request = Parameters<typeof collectGarbage>[1];
type Output = v.InferOutput<typeof gcOutput>;

async function counted(parts: OpsParts, request: Request): Promise<Output> {
  const { byStatus, ...found } = await countExpired(parts, request);
  const { bytes } = parts.store.space();
  return {
    dry_run: true,
    ...found,
    by_status: byStatus,
    definitions: 0,
    bytes_before: bytes,
    bytes_after: bytes,
    duration_ms: 0,
    stopped: false,
  };
}

async function collected(parts: OpsParts, request: Request): Promise<Output> {
  parts.upkeep.removeLeftovers();
  const result = await collectGarbage(parts, request);
  return {
    dry_run: false,
    runs: result.runs,
    children: result.children,
    by_status: result.byStatus,
    definitions: result.definitions,
    bytes_before: result.bytesBefore,
    bytes_after: result.bytesAfter,
    duration_ms: Math.round(result.durationMs),
    stopped: result.stopped,
  };
}
