#!/usr/bin/env bash
# Guess: bun:sqlite takes an SQLite URI such as file:a.db?immutable=1 beside { readonly: true }.
# Seen:  bun 1.4.5: with options as an object the text is a plain path ("unable to open database file");
#        with the flags as a number, SQLITE_OPEN_URI among them, the URI counts.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bun@1.4.5 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
cat >uri.mjs <<'JS'
import { constants, Database } from 'bun:sqlite';
console.log(`bun ${Bun.version}`);
const made = new Database('a.db');
made.run('CREATE TABLE t (a)');
made.close();
const uri = 'file:a.db?immutable=1';
const read = (options) => {
  try {
    const database = new Database(uri, options);
    const { n } = database.query('SELECT count(*) AS n FROM t').get();
    database.close();
    return `opened, ${n} rows`;
  } catch (error) {
    return error.message;
  }
};
const asObject = read({ readonly: true });
const asNumber = read(constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
console.log('options as an object:', asObject);
console.log('flags as a number:   ', asNumber);
process.exit(asObject === 'unable to open database file' && asNumber === 'opened, 0 rows' ? 0 : 1);
JS
"$bun" uri.mjs
