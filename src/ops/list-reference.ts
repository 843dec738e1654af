/**
 * The manual as `query` lists it: pages with the names of their sections, or the text of one section
 * or of a whole page when it is asked for by name.
 */
import { AppError } from '../model/error.ts';
import type { ManualPage } from './deps.ts';
import { checkFields, type QueryFilter } from './filter.ts';
import type { OpsParts } from './parts.ts';

interface Section {
  /** `page#section` */
  readonly name: string;
  readonly title: string;
  readonly text: string;
}

/** Pages in their order, or what `filter.name` (`page` or `page#section`) holds. @throws NOT_FOUND */
export async function listReference({ manual }: OpsParts, filter: QueryFilter) {
  checkFields('reference', filter, ['name']);
  const pages = await manual();
  const { name, limit, cursor } = filter;
  const items = name === undefined ? pages.map(overview) : sectionsNamed(pages, name);
  const from = cursor === undefined ? 0 : items.findIndex((item) => item.name === cursor) + 1;
  const page = items.slice(from, from + limit);
  const isLast = from + limit >= items.length;
  return {
    reference: page,
    ...(isLast ? {} : { next_cursor: page.at(-1)?.name ?? '' }),
  };
}

const overview = (page: ManualPage) => ({
  name: page.name,
  title: titleOf(page),
  sections: sectionsOf(page).map((section) => section.name),
});

function sectionsNamed(pages: readonly ManualPage[], name: string): readonly Section[] {
  const page = pages.find((each) => each.name === name.split('#', 1)[0]);
  if (page === undefined)
    throw unknown(
      name,
      pages.map((each) => each.name),
    );
  const sections = sectionsOf(page);
  if (name === page.name) return sections;
  const wanted = sections.filter((section) => section.name === name);
  if (wanted.length === 0)
    throw unknown(
      name,
      sections.map((section) => section.name),
    );
  return wanted;
}

const unknown = (name: string, known: readonly string[]): AppError =>
  new AppError('NOT_FOUND', `the manual has no "${name}"`, { hint: `it has ${known.join(', ')}` });

const titleOf = ({ name, text }: ManualPage): string => /^# (.+)$/m.exec(text)?.[1] ?? name;

/** A page cut before each heading of the second level; what stands before them is `page#` itself. */
function sectionsOf(page: ManualPage): readonly Section[] {
  const parts = page.text.split(/^(?=## )/m);
  return parts.map((text) => {
    const title = /^## (.+)$/m.exec(text)?.[1] ?? titleOf(page);
    const isStart = !text.startsWith('## ');
    return {
      name: isStart ? `${page.name}#start` : `${page.name}#${slug(title)}`,
      title,
      text: text.trim(),
    };
  });
}

/** As the headings of a rendered page are linked to. */
const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number} -]/gu, '')
    .trim()
    .replaceAll(' ', '-');
