/** All versions of one template, page by page. */
import { AppError } from '../model/error.ts';
import type { Page, TemplateRow } from '../model/store.ts';
import type { QueryFilter } from './filter.ts';
import type { OpsParts } from './parts.ts';

/** Pages of the versions of one template, newest first; the cursor is the last version of the page. */
export function versionsOf(
  store: OpsParts['store'],
  { template_name: name }: QueryFilter,
): (limit: number, cursor: string | undefined) => Page<TemplateRow> {
  if (name === undefined) {
    throw new AppError('VALIDATION_ERROR', 'filter.versions: of which template?', {
      hint: 'give template_name, the whole name',
    });
  }
  return (limit, cursor) => {
    const newest = store.template(name, null)?.version ?? 0;
    const items: TemplateRow[] = [];
    let version = cursor === undefined ? newest : Math.min(newest, versionIn(cursor) - 1);
    for (; version > 0 && items.length < limit; version--) {
      const row = store.template(name, version);
      if (row !== null) items.push(row);
    }
    return { items, nextCursor: version > 0 ? String(version + 1) : null };
  };
}

function versionIn(cursor: string): number {
  const version = Number(cursor);
  if (Number.isSafeInteger(version) && version > 0) return version;
  throw new AppError('VALIDATION_ERROR', `filter.cursor: "${cursor}" is no cursor of this list`);
}
