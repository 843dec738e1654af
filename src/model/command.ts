/**
 * What must be in flight now, read off the state; never remembered beside it.
 *
 * Named by the sequence of the event that asked (`seq`) and a kind. When the state no longer asks for
 * a command, the shell aborts it.
 */
import type { SecretRef } from './expression.ts';
import type { TimerKind } from './input.ts';
import type { JsonObject } from './json.ts';

export type Command =
  | { readonly kind: 'slot'; readonly path: string; readonly seq: number }
  | {
      readonly kind: 'execute';
      readonly path: string;
      readonly seq: number;
      readonly action: string;
      readonly params: JsonObject;
      readonly secretRefs: readonly SecretRef[];
      readonly attempt: number;
      /** Epoch milliseconds when the attempt's timeout ends it, or null. */
      readonly dueAt: number | null;
      /** Count of interruptions before this execution: a repeat after a crash when over 0. */
      readonly repeat: number;
      readonly generation: number;
    }
  | {
      readonly kind: 'timer';
      readonly path: string | null;
      readonly seq: number;
      readonly timer: TimerKind;
      /** Epoch milliseconds. */
      readonly dueAt: number;
    };

/** A command's name inside its run. */
export const commandKey = (command: Command): string =>
  command.kind === 'timer' ? `${command.seq}:${command.timer}` : `${command.seq}:${command.kind}`;
