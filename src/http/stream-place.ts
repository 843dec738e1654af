/**
 * The `id:` of an item of a stream, as the fields of the stream's input that say to go on behind it:
 * the same for our own client, which sends them, and for clients that send the id as `Last-Event-ID`.
 */
import type { Ops } from '../ops/catalog.ts';

type Input = Readonly<Record<string, unknown>>;

/** Fields that stand instead of those that the caller began with. */
export const BEHIND: Readonly<Record<keyof Ops['streams'], (id: string) => Input>> = {
  // Servers before cursors give ids, and know no other place.
  followEvents: (id) =>
    /^\d+$/.test(id)
      ? { after: undefined, after_id: Number(id) }
      : { after: id, after_id: undefined },
  followLogs: (id) => ({ after_offset: /^\d+$/.test(id) ? Number(id) : id }),
};

/** The input of a stream for a client that comes back behind an item. */
export function resumed(name: string, input: object, lastEventId: string | null): object {
  if (lastEventId === null || lastEventId === '' || !Object.hasOwn(BEHIND, name)) return input;
  return { ...input, ...BEHIND[name as keyof typeof BEHIND](lastEventId) };
}
