#!/usr/bin/env bash
# Guess: INSERT … ON CONFLICT DO NOTHING that adds no row leaves an AUTOINCREMENT sequence as it is.
# Seen:  SQLite (in bun 1.4.5): a conflict on another unique column takes the next id all the same, so
#        ids have gaps; INSERT … SELECT … WHERE NOT EXISTS takes none.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bun@1.4.5 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
cat >ids.mjs <<'JS'
import { Database } from 'bun:sqlite';
const database = new Database(':memory:');
console.log(`SQLite ${database.query('SELECT sqlite_version() AS v').get().v}, bun ${Bun.version}`);
const lastId = (insert) => {
  database.run('DROP TABLE IF EXISTS t');
  database.run('CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, k TEXT UNIQUE)');
  for (const key of ['a', 'a', 'b']) database.run(insert, [key]);
  return database.query("SELECT id FROM t WHERE k = 'b'").get().id;
};
const doNothing = lastId('INSERT INTO t (k) VALUES (?1) ON CONFLICT (k) DO NOTHING');
const notExists = lastId('INSERT INTO t (k) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM t WHERE k = ?1)');
console.log('id of the second row: DO NOTHING', doNothing, '· NOT EXISTS', notExists);
process.exit(doNothing === 3 && notExists === 2 ? 0 : 1);
JS
"$bun" ids.mjs
