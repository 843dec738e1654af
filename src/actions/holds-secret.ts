/** Whether something that leaves for another place would carry a secret there. */
import type { ActionContext } from '../model/action.ts';

/** True when a secret of the attempt stands in the text as it is, or one of the run in another spelling. */
export const holdsSecret = (
  { secrets, masker }: Pick<ActionContext, 'secrets' | 'masker'>,
  text: string,
): boolean =>
  secrets.some((secret) => secret !== '' && text.includes(secret)) || masker().text(text) !== text;
