/**
 * Registered templates that a newer check would refuse today. They keep running as they are; whoever
 * runs them is told before the next version of them is refused.
 */
import type { Issue } from '../model/issue.ts';
import type { TemplateRow } from '../model/store.ts';
import { readDefinitionValue } from '../validate/read-definition.ts';
import { packageOf } from './define-content.ts';
import { checkRead } from './definitions.ts';
import type { OpsParts } from './parts.ts';

interface OutdatedTemplate {
  readonly template: string;
  readonly version: number;
  /** What newer checks refuse, never empty. */
  readonly issues: readonly Issue[];
}

const PAGE = 200;
/** Templates looked at, by name: a look must not take longer the more there are. */
const MAX_LOOKED_AT = 1000;

export interface OutdatedTemplates {
  /** The newest versions of templates in use that newer checks refuse. */
  list(): readonly OutdatedTemplate[];
}

/** Looks at each version once: what was found of it stays. */
export function createOutdatedTemplates(parts: OpsParts): OutdatedTemplates {
  const known = new Map<string, readonly Issue[]>();
  const issuesOf = (row: TemplateRow): readonly Issue[] => {
    const key = `${row.name}\n${row.version}\n${row.definitionHash}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = refusedToday(parts, row);
    if (known.size >= MAX_LOOKED_AT) known.clear();
    known.set(key, found);
    return found;
  };
  return {
    list: () =>
      newestOf(parts).flatMap((row) => {
        const issues = row.archived ? [] : issuesOf(row);
        return issues.length === 0 ? [] : [{ template: row.name, version: row.version, issues }];
      }),
  };
}

/** The newest version of each template, as many as are looked at. */
function newestOf({ store }: OpsParts): TemplateRow[] {
  const rows: TemplateRow[] = [];
  let cursor: string | undefined;
  do {
    const page = store.templates(PAGE, cursor);
    rows.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && rows.length < MAX_LOOKED_AT);
  return rows;
}

/** What newer checks refuse of a version that is registered. */
function refusedToday(parts: OpsParts, { pack }: TemplateRow): readonly Issue[] {
  const read = readDefinitionValue(packageOf(pack), parts.config.limits);
  const { issues } = checkRead(parts, read, parts.config.workDir, () => true);
  return issues.filter(({ code }) => code === 'NEWER_CHECK');
}
