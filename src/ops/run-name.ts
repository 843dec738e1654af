/** What a run is called where it is shown: its own name, else that of the file it was started from. */
import { basename } from 'node:path';
import { isJsonObject, type Json } from '../model/json.ts';

interface Named {
  readonly name: string | null;
  readonly trigger: Json | null;
}

/** The file that a trigger names, null when a run was started otherwise. */
const fileOf = (trigger: Json | null): string | null =>
  isJsonObject(trigger) && trigger.type === 'file' && typeof trigger.file === 'string'
    ? trigger.file
    : null;

/** The run's own name, else the base name of its file; null when it has neither. */
export function shownName({ name, trigger }: Named): string | null {
  const file = fileOf(trigger);
  return name ?? (file === null ? null : basename(file));
}
