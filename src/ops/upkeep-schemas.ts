/** Input and output schemas of the operations of upkeep. */
import * as v from 'valibot';
import { ENDED_STATUSES } from '../model/upkeep-store.ts';
import { ageString, json } from './shapes.ts';

const optional = v.optional;
const text = v.string();
const bytes = v.number();
const count = v.number();

export const gcInput = v.strictObject({
  /** Runs that ended longer ago than this; else what the settings say. */
  older_than: optional(
    v.pipe(
      ageString,
      v.minLength(1, 'must not be empty'),
      v.description('duration such as 7d; 0: everything that has ended'),
    ),
  ),
  status: optional(v.array(v.picklist(ENDED_STATUSES))),
  keep_last: optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  dry_run: optional(v.boolean(), false),
});

export const gcOutput = v.object({
  dry_run: v.boolean(),
  /** Runs that went (with `dry_run`: would go), and of them those that went with their parent. */
  runs: count,
  children: count,
  by_status: v.object({ completed: count, failed: count, cancelled: count }),
  definitions: count,
  bytes_before: bytes,
  bytes_after: bytes,
  duration_ms: v.number(),
  /** True when it was told to stop before it was through; the next one goes on. */
  stopped: v.boolean(),
});
export type GcOutput = v.InferOutput<typeof gcOutput>;

export const verifyInput = v.strictObject({
  /** Only this run. */
  workflow_id: optional(v.pipe(text, v.minLength(1, 'must not be empty'))),
});

export const verifyOutput = v.object({
  ok: v.boolean(),
  /** What is wrong with the file itself, one sentence each. */
  problems: v.array(text),
  runs: count,
  differences: count,
  /** The first of them. */
  mismatches: v.array(
    v.object({
      workflow_id: text,
      field: text,
      row: json,
      log: json,
    }),
  ),
  duration_ms: v.number(),
  stopped: v.boolean(),
});
export type VerifyOutput = v.InferOutput<typeof verifyOutput>;

export const backupInput = v.strictObject({
  /** Path on this machine; over the network only a name. Left out: one with the time. */
  file: optional(v.pipe(text, v.minLength(1))),
  /** Replace a file that stands there. */
  force: optional(v.boolean(), false),
});

export const backupOutput = v.object({
  file: text,
  bytes,
  schema: v.number(),
  runs: count,
  unfinished: count,
  duration_ms: v.number(),
  /** Why the database could not note that this copy was made: it is full, or may only be read. */
  unnoted: v.optional(text),
});

export const holdInput = v.strictObject({});
/** `pending`: runs that have not begun. */
export const holdOutput = v.object({ suspended: count, pending: count });
