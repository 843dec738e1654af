/**
 * Definitions by content hash, and templates: names with numbered versions. A name is archived or not
 * as a whole; defining it again brings it back.
 */
import type { DefinitionHash } from '../../model/ids.ts';
import { canonicalJson, type Json } from '../../model/json.ts';
import type { NewTemplate, Page, TemplateRow, TemplateStore } from '../../model/store.ts';
import { decodeNameCursor, encodeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';

/** The templates part of the store. */
export function createTemplates(connection: Connection): TemplateStore {
  return {
    putDefinition(hash, definition) {
      if (connection.one(IS_KEPT, hash) !== null) return;
      const body = JSON.stringify(definition);
      const sql = 'INSERT OR IGNORE INTO definitions (hash, body) VALUES (?, ?)';
      // The commit of the run or template that uses it brings it to disk.
      connection.write(() => {
        connection.run(sql, hash, body);
        connection.run('DELETE FROM definitions_unused WHERE hash = ?', hash);
      }, 'relaxed');
    },
    definition(hash) {
      const body = readDefinition(connection, hash);
      return body === null ? null : (JSON.parse(body) as Json);
    },
    define: (template) => connection.write(() => define(connection, template)),
    template: (name, version) => readTemplate(connection, name, version),
    templates: (limit, cursor) => listTemplates(connection, limit, cursor),
    templateNames: () =>
      connection
        .all<{ name: string }>('SELECT name FROM template_names WHERE archived = 0 ORDER BY name')
        .map((row) => row.name),
    setArchived: (name, archived) =>
      connection.write(() => setArchived(connection, name, archived)),
  };
}

/** One that retention has noted as unused may go at any moment: it is put again. */
const IS_KEPT = `SELECT 1 FROM definitions d WHERE d.hash = ?
  AND NOT EXISTS (SELECT 1 FROM definitions_unused u WHERE u.hash = d.hash)`;

function readDefinition(connection: Connection, hash: DefinitionHash): string | null {
  const row = connection.one<{ body: string }>('SELECT body FROM definitions WHERE hash = ?', hash);
  return row?.body ?? null;
}

const SELECT = `SELECT t.name, t.version, t.definition_hash AS definitionHash, t.rules, t.pack,
    t.agent_id AS agentId, t.working_dir AS workingDir, t.source_file AS sourceFile,
    n.archived, t.created_at AS createdAt
  FROM template_names n JOIN templates t ON t.name = n.name`;

type TemplateColumns = Omit<TemplateRow, 'pack' | 'archived'> & {
  readonly pack: string;
  readonly archived: number;
};

const toTemplate = (row: TemplateColumns): TemplateRow => ({
  ...row,
  pack: JSON.parse(row.pack),
  archived: row.archived === 1,
});

function readTemplate(
  connection: Connection,
  name: string,
  version: number | null,
): TemplateRow | null {
  const row = connection.one<TemplateColumns>(
    `${SELECT} WHERE n.name = ? AND t.version = coalesce(?, n.newest)`,
    name,
    version,
  );
  return row && toTemplate(row);
}

function listTemplates(
  connection: Connection,
  limit: number,
  cursor: string | undefined,
): Page<TemplateRow> {
  const after = cursor === undefined ? '' : decodeNameCursor('templates', cursor);
  const rows = connection.all<TemplateColumns>(
    `${SELECT} AND t.version = n.newest WHERE n.name > ? ORDER BY n.name LIMIT ?`,
    after,
    limit + 1,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: page.map(toTemplate),
    nextCursor: more ? encodeCursor('templates', [last.name]) : null,
  };
}

function define(connection: Connection, template: NewTemplate) {
  const { name } = template;
  const newest = readTemplate(connection, name, null);
  if (newest?.archived) setArchived(connection, name, false);
  if (newest !== null && isSame(newest, template)) {
    return { version: newest.version, created: false };
  }
  const version = (newest?.version ?? 0) + 1;
  connection.run(
    `INSERT INTO templates (name, version, definition_hash, rules, pack, agent_id, working_dir,
       source_file, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    name,
    version,
    template.definitionHash,
    template.rules,
    JSON.stringify(template.pack),
    template.agentId,
    template.workingDir,
    template.sourceFile,
    template.createdAt,
  );
  connection.run(
    `INSERT INTO template_names (name, newest, archived) VALUES (?, ?, 0)
     ON CONFLICT (name) DO UPDATE SET newest = excluded.newest`,
    name,
    version,
  );
  return { version, created: true };
}

const isSame = (a: NewTemplate, b: NewTemplate): boolean =>
  a.definitionHash === b.definitionHash &&
  (b.renewRules !== true || a.rules === b.rules) &&
  canonicalJson(a.pack as unknown as Json) === canonicalJson(b.pack as unknown as Json);

function setArchived(connection: Connection, name: string, archived: boolean): boolean {
  const sql = 'UPDATE template_names SET archived = ? WHERE name = ?';
  return connection.run(sql, archived ? 1 : 0, name).changes > 0;
}
