/** Facts that no event of a run carries, put into the outbox by the same rules. */
import { messageOf } from '../model/error.ts';
import type { NoticeRule, Tell } from '../model/notice.ts';
import type { NoticeStore } from '../model/notice-store.ts';
import type { Clock, Logger } from '../model/ports.ts';
import { factPayload } from './payload.ts';
import { channelsFor } from './rules.ts';

export interface TellDeps {
  readonly store: Pick<NoticeStore, 'addNotices'>;
  readonly rules: () => readonly NoticeRule[];
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  /** There is something new to deliver. */
  readonly poke: () => void;
}

/** Tells facts to whom the rules name. */
export function createTell({ store, rules, clock, log, poke }: TellDeps): Tell {
  return (fact) => {
    const { kind, key, template = null, agent = null, name = null, status = null } = fact;
    const channels = channelsFor(rules(), { kind, template, agent, name, status });
    if (channels.length === 0) return;
    const createdAt = clock.now();
    const payload = factPayload(fact, createdAt);
    try {
      const added = store.addNotices(
        channels.map((channel) => ({ key, kind, channel, payload, createdAt })),
      );
      if (added > 0) poke();
    } catch (thrown) {
      log.error('a fact could not be put down to be told', {
        kind,
        key,
        error: messageOf(thrown),
      });
    }
  };
}
