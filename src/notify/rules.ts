/** Which channels a fact goes to: pure matching of rules. */
import type { NoticeFacts, NoticeRule, NoticeWhere } from '../model/notice.ts';

/** Names of the channels whose rules fit, each once, in the order of the rules. */
export function channelsFor(rules: readonly NoticeRule[], facts: NoticeFacts): readonly string[] {
  const fitting = rules.filter(({ on, where }) => on.includes(facts.kind) && fits(where, facts));
  return [...new Set(fitting.map(({ channel }) => channel))];
}

/** What a rule asks of something the fact does not have, the fact does not fit. */
const fits = (where: NoticeWhere, facts: NoticeFacts): boolean =>
  asks(where.template, facts.template) &&
  asks(where.agent, facts.agent) &&
  asks(where.name, facts.name) &&
  asks(where.status, facts.status);

const asks = (patterns: readonly string[], value: string | null): boolean =>
  patterns.length === 0 ||
  (value !== null && patterns.some((pattern) => matchesPattern(pattern, value)));

/** Whether a text fits a pattern in which `*` stands for any text. Linear in both. */
export function matchesPattern(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return text === first;
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
