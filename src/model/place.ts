/**
 * Places under `concurrency`: who may work at once in a group and key, and who waits for it.
 *
 * A group is a JSON text that begins with its kind, so that groups of different kinds never mix:
 * `["template", name]`, `["name", owner, name]`, `["definition", owner, hash]`, `["group", name]`.
 */
import { AppError } from './error.ts';
import type { RunId } from './ids.ts';

export type WhenFull = 'queue' | 'reject' | 'replace';

/** Runs with the same group and key share the places of one queue. */
export interface Queue {
  readonly group: string;
  readonly key: string;
}

/** What a run asks for when it starts or comes back to life. */
export interface AskedPlace extends Queue {
  /** Runs that may hold a place at once as of now, null for any number. */
  readonly limit: number | null;
  /** True where the limit is that of the whole queue, not only this run's own. */
  readonly isCommon: boolean;
  readonly whenFull: WhenFull;
}

export interface PlaceRow extends Queue {
  readonly runId: RunId;
  /** Orders a queue; rises in it, so it may be ahead of the clock by a little. */
  readonly arrivedAt: number;
  /** False while the run waits for its turn. */
  readonly holds: boolean;
  /** The limit when it arrived, for queues whose limit nothing else states. */
  readonly limit: number | null;
}

/** A run that asks for a place. */
export interface Asker {
  readonly runId: RunId;
  /** The run that awaits it, whose place may cover it. */
  readonly parentId: RunId | null;
}

/** One wait of a circle: `runId` waits for a place that `heldBy` has. */
export interface PlaceWait extends Queue {
  readonly runId: RunId;
  readonly heldBy: RunId;
}

/** The answer to who asks for a place. `within`: an awaiting ancestor's place covers it. */
export type PlaceVerdict =
  | { readonly kind: 'holds' }
  | { readonly kind: 'within'; readonly holder: RunId }
  /** `replaces`: runs that are cancelled for it. */
  | { readonly kind: 'waits'; readonly replaces: readonly RunId[] }
  | PlaceRefusal;

export type PlaceRefusal =
  /** `running`: runs in the way; `ancestor`: the one among them that it may not replace. */
  | {
      readonly kind: 'full';
      readonly asked: AskedPlace;
      readonly running: readonly RunId[];
      readonly ancestor: RunId | null;
    }
  /** It would wait for ever; the circle begins with the wait of who asks. */
  | { readonly kind: 'circle'; readonly asked: AskedPlace; readonly waits: readonly PlaceWait[] };

/** A run that was given its turn, or told to make room for a newer one. */
export interface WokenRun {
  readonly runId: RunId;
  readonly why: 'turn' | 'replaced';
}

/** The limit of a queue as of now, or null when each run states its own. */
export type QueueLimit = { readonly limit: number | null } | null;

/** What one append changes about its run's place. */
export interface PlaceChange {
  /** The run comes back to life, and was decided on as if this would come of it. */
  readonly takes?: { readonly asked: AskedPlace; readonly expects: 'holds' | 'waits' };
  /** The run has ended: what it held is handed on. */
  readonly leaves?: { readonly limit: QueueLimit };
}

export const templateGroup = (name: string): string => JSON.stringify(['template', name]);
export const namedGroup = (owner: string, name: string): string =>
  JSON.stringify(['name', owner, name]);
export const definitionGroup = (owner: string, hash: string): string =>
  JSON.stringify(['definition', owner, hash]);
export const globalGroup = (name: string): string => JSON.stringify(['group', name]);

/** The template or global group that a group's text names, else null. */
export function readGroup(
  group: string,
): { readonly kind: 'template' | 'group'; readonly name: string } | null {
  const [kind, name] = JSON.parse(group) as readonly string[];
  if ((kind !== 'template' && kind !== 'group') || name === undefined) return null;
  return { kind, name };
}

/** A queue in words: `"k" of template "deploy"`. */
export function queueText({ group, key }: Queue): string {
  const [kind, ...names] = JSON.parse(group) as readonly string[];
  const of =
    kind === 'template'
      ? `template "${names[0]}"`
      : kind === 'group'
        ? `group "${names[0]}"`
        : kind === 'name'
          ? `workflows named "${names[1]}"`
          : 'this definition';
  return key === '' ? of : `key "${key}" of ${of}`;
}

/** Why there is no place for a run. */
export function placeConflict(refusal: PlaceRefusal): AppError {
  const { asked } = refusal;
  if (refusal.kind === 'circle') {
    const waits = refusal.waits.map(
      (wait, index) =>
        `${index === 0 ? 'it' : `run ${wait.runId}`} would wait for ${queueText(wait)}, held by run ${wait.heldBy}`,
    );
    const first = refusal.waits.at(-1)?.heldBy ?? '';
    return new AppError(
      'CONFLICT',
      `it would wait for ever: ${waits.join(', whose ')}, which waits for this run`,
      {
        details: {
          circle: refusal.waits.map(({ runId, group, key, heldBy }) => ({
            workflow_id: runId,
            waits_for: queueText({ group, key }),
            held_by: heldBy,
          })),
        },
        hint: `cancel run ${first}, or let both workflows take their places in the same order`,
      },
    );
  }
  const { running, ancestor } = refusal;
  if (ancestor !== null) {
    return new AppError(
      'CONFLICT',
      `it may not replace run ${ancestor}, which waits for it (${queueText(asked)})`,
      { details: { running: [...running], ancestor } },
    );
  }
  const runs = running.length === 1 ? 'one run is' : `${running.length} runs are`;
  return new AppError('CONFLICT', `${runs} unfinished with ${queueText(asked)}`, {
    details: { running: [...running] },
    hint: 'wait until one has ended, or cancel it',
  });
}
