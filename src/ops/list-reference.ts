/**
 * The manual as `query` lists it: pages with the names of their sections; one page, its sections listed
 * first and then told; one section with those below it; or, for a name that is none, whatever sections
 * have these words in their heading or text.
 */
import { suggestion } from '../core/graph-nearest.ts';
import { AppError } from '../model/error.ts';
import type { ManualPage } from './deps.ts';
import { checkFields, type QueryFilter } from './filter.ts';
import { aboutOf, type Section, sectionsOf, titleOf, withSubsections } from './manual-sections.ts';
import type { OpsParts } from './parts.ts';

interface Item {
  readonly name: string;
  readonly title: string;
  readonly sections?: string[];
  readonly text?: string;
}

/** Pages in their order, or what `filter.name` (`page`, `page#section`, words) finds. @throws NOT_FOUND */
export async function listReference({ manual }: OpsParts, filter: QueryFilter) {
  checkFields('reference', filter);
  const pages = await manual();
  const { name, limit, cursor } = filter;
  const items = name === undefined ? listed(pages).map(overview) : named(pages, name);
  const from = cursor === undefined ? 0 : items.findIndex((item) => item.name === cursor) + 1;
  const page = items.slice(from, from + limit);
  const isLast = from + limit >= items.length;
  return {
    reference: page,
    ...(isLast ? {} : { next_cursor: page.at(-1)?.name ?? '' }),
  };
}

const listed = (pages: readonly ManualPage[]): readonly ManualPage[] =>
  pages.filter((page) => page.unlisted !== true);

const overview = (page: ManualPage): Item => ({
  name: page.name,
  title: titleOf(page),
  sections: sectionsOf(page).map((section) => section.name),
});

const told = ({ name, title, text }: Section): Item => ({ name, title, text });

/** A link of the manual (`references/operations.md#mcp`) is a name too. */
const nameIn = (given: string): string => given.replace(/^.*\//, '').replace(/\.md(?=#|$)/, '');

function named(pages: readonly ManualPage[], given: string): readonly Item[] {
  const name = nameIn(given.trim());
  const page = pages.find((each) => each.name === name.split('#', 1)[0]);
  if (page === undefined) return found(listed(pages), given);
  const sections = sectionsOf(page);
  if (name === page.name) return [contents(page, sections), ...sections.map(told)];
  const wanted = withSubsections(sections, name);
  return wanted.length > 0 ? wanted.map(told) : found([page], name.slice(page.name.length + 1));
}

/** What a page holds, one line a section. */
const contents = (page: ManualPage, sections: readonly Section[]): Item => ({
  name: page.name,
  title: titleOf(page),
  sections: sections.map((section) => `${section.name}: ${aboutOf(section)}`),
});

/** Sections with all these words: in their heading first, then those with them in their text. */
function found(pages: readonly ManualPage[], given: string): readonly Item[] {
  const words = given
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}_.]+/u)
    .filter(Boolean);
  const holds = (text: string): boolean =>
    words.length > 0 && words.every((word) => text.toLowerCase().includes(word));
  const all = pages.flatMap(sectionsOf);
  const byHeading = all.filter(({ title }) => holds(title));
  const byText = all.filter((section) => !byHeading.includes(section) && holds(section.text));
  const items = [...byHeading, ...byText].map(told);
  if (items.length > 0) return items;
  const known = pages.length === 1 ? pages.flatMap(sectionsOf) : pages;
  throw new AppError('NOT_FOUND', `the manual has no "${given}"`, {
    hint:
      suggestion(
        given,
        pages.flatMap((page) => [page.name, ...sectionsOf(page).map((each) => each.name)]),
      ) ?? `it has ${known.map((each) => each.name).join(', ')}`,
  });
}
