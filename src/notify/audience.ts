/** Which agents can be told at once: sessions of this process in which they have spoken. */
import type { Audience } from '../model/notice.ts';

/** An audience nobody is in yet. */
export function createAudience(): Audience {
  const present = new Map<string, Set<() => boolean>>();
  const isThere = (sessions: ReadonlySet<() => boolean>): boolean =>
    [...sessions].some((isListening) => isListening());
  return {
    join(agent, isListening) {
      const sessions = present.get(agent) ?? new Set();
      // One function may stand for many sessions.
      const mine = (): boolean => isListening();
      sessions.add(mine);
      present.set(agent, sessions);
      return () => {
        sessions.delete(mine);
        if (sessions.size === 0 && present.get(agent) === sessions) present.delete(agent);
      };
    },
    hears(agent) {
      if (agent === null) return [...present.values()].some(isThere);
      const sessions = present.get(agent);
      return sessions !== undefined && isThere(sessions);
    },
  };
}
