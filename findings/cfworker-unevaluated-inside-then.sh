#!/usr/bin/env bash
# Guess: `unevaluatedProperties: false` inside `then` looks at what `then` itself evaluates; what `if` saw is
#        a cousin (JSON Schema 2020-12, core 11.3) and leaves the property unevaluated: invalid.
# Seen:  @cfworker/json-schema 4.1.6 says valid; inside a member of `allOf` it says invalid, as ajv 8.20.0
#        does in both places.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @cfworker/json-schema@4.1.6 ajv@8.20.0 >/dev/null 2>&1
cat >check.mjs <<'JS'
import { Validator } from '@cfworker/json-schema';
import Ajv from 'ajv/dist/2020.js';
const none = { unevaluatedProperties: false };
const seen = { properties: { a: true } };
const say = (schema) => [
  new Validator(schema, '2020-12').validate({ a: 1 }).valid,
  new Ajv.default({ strict: false }).validate(schema, { a: 1 }),
].join(' ');
console.log('then', say({ if: seen, then: none }));
console.log('allOf', say({ allOf: [seen, none] }));
JS
out=$(node check.mjs)
echo "@cfworker/json-schema 4.1.6, ajv 8.20.0 (node $(node --version))"
echo "$out"
[ "$out" = "then true false
allOf false false" ]
