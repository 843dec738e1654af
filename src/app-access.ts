/**
 * Composition of access: the record of who did what, and who may come in over the network.
 */
import type { Config } from './config.ts';
import { createMasker } from './isolate/mask.ts';
import { messageOf } from './model/error.ts';
import type { Clock, Logger } from './model/ports.ts';
import type { Store } from './model/store.ts';
import { type Audit, createAudit } from './ops/audit.ts';

/** The record over the store, with the secrets of this process unreadable in it. */
export function openAudit(config: Config, store: Store, clock: Clock): Audit {
  const masker = createMasker([...config.secrets.values()]);
  return createAudit(store, clock, masker.text);
}

/** Writes what is still to be written before the store is closed. */
export function closeAudit(audit: Audit, log: Logger): void {
  try {
    audit.flush();
  } catch (thrown) {
    log.warn('the last entries of the audit could not be written', { error: messageOf(thrown) });
  }
}
