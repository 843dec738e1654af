#!/usr/bin/env bash
# Guess: PRAGMA auto_vacuum = INCREMENTAL on a file that has that mode already changes nothing.
# Seen:  SQLite (in bun 1.4.5): each such statement is a write transaction of page 1: the change
#        counter of the file rises, and it fails while another connection holds the write lock.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bun@1.4.5 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
cat >same.mjs <<'JS'
import { Database } from 'bun:sqlite';
import { readFileSync } from 'node:fs';
const first = new Database('a.db');
first.run('PRAGMA auto_vacuum = INCREMENTAL');
first.run('CREATE TABLE t (a)');
console.log(`SQLite ${first.query('SELECT sqlite_version() AS v').get().v}, bun ${Bun.version}`);
const counter = () => readFileSync('a.db').readUInt32BE(24);
const before = counter();
const again = new Database('a.db');
console.log('mode', again.query('PRAGMA auto_vacuum').get().auto_vacuum, '(2: incremental)');
again.run('PRAGMA auto_vacuum = INCREMENTAL');
const rose = counter() - before;
console.log('the change counter rose by', rose);
first.run('BEGIN IMMEDIATE');
let refused = '';
try {
  again.run('PRAGMA auto_vacuum = INCREMENTAL');
} catch (error) {
  refused = error.message;
}
first.run('ROLLBACK');
console.log('beside a writer:', refused);
process.exit(rose === 1 && refused === 'database is locked' ? 0 : 1);
JS
"$bun" same.mjs
