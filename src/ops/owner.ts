/**
 * Whose a run or a key is, when it belongs to no template: what one caller may neither block nor see
 * of another's.
 */
import type { Caller } from './operation.ts';

/** The owner of everything that is done without a token: whoever may use this home. */
export const LOCAL_OWNER = 'local';

/** The owner behind a call: the token's, a schedule or webhook, else the machine's user. */
export function ownerOf({ owner, sender, name }: Caller): string {
  if (owner !== undefined) return owner;
  return sender === 'system' && name !== undefined ? name : LOCAL_OWNER;
}
