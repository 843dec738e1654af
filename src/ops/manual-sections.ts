/**
 * Pages of the manual cut into their sections: one for each heading of the second and third level, with
 * the names by which a rendered page links to them. What stands in a code block is no heading.
 */
import type { ManualPage } from './deps.ts';

export interface Section {
  /** `page#section` */
  readonly name: string;
  readonly title: string;
  readonly text: string;
  /** 1 for what stands before the first heading, else the level of its heading. */
  readonly level: number;
}

export const titleOf = ({ name, text }: ManualPage): string => /^# (.+)$/m.exec(text)?.[1] ?? name;

/** The sections of a page in their order; a section ends where the next begins, of whatever level. */
export function sectionsOf(page: ManualPage): readonly Section[] {
  const starts: { readonly title: string; readonly level: number; readonly lines: string[] }[] = [
    { title: titleOf(page), level: 1, lines: [] },
  ];
  let isCode = false;
  for (const line of page.text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    const heading = isCode ? null : /^(##|###) (.+)$/.exec(line);
    const [, marks = '', title = ''] = heading ?? [];
    if (heading !== null) starts.push({ title, level: marks.length, lines: [] });
    starts.at(-1)?.lines.push(line);
  }
  const taken = new Map<string, number>();
  return starts.map(({ title, level, lines }) => ({
    name: `${page.name}#${level === 1 ? 'start' : uniqueSlug(title, taken)}`,
    title,
    level,
    text: lines.join('\n').trim(),
  }));
}

/** A section with those below it. */
export function withSubsections(sections: readonly Section[], name: string): readonly Section[] {
  const at = sections.findIndex((section) => section.name === name);
  const own = sections[at];
  if (own === undefined) return [];
  const rest = sections.slice(at + 1);
  const end = own.level === 1 ? 0 : rest.findIndex((each) => each.level <= own.level);
  return [own, ...(end < 0 ? rest : rest.slice(0, end))];
}

/** The first sentence of a section's prose, for a line in a list. */
export function aboutOf({ text }: Section): string {
  const unfenced = text.replace(/^```[\s\S]*?^```$/gm, '');
  const prose = unfenced.split('\n').filter((line) => !/^(#|\||\s*$)/.test(line));
  const sentence = /^.*?[.:](?=\s|$)/.exec(prose.join(' '))?.[0] ?? prose[0] ?? '';
  return sentence.length > MAX_ABOUT ? `${sentence.slice(0, MAX_ABOUT - 1)}…` : sentence;
}

const MAX_ABOUT = 70;

/** As the headings of a rendered page are linked to; a title that comes again is numbered. */
function uniqueSlug(title: string, taken: Map<string, number>): string {
  const slug = title
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
  const before = taken.get(slug) ?? 0;
  taken.set(slug, before + 1);
  return before === 0 ? slug : `${slug}-${before}`;
}
