#!/usr/bin/env bash
# Guess: own keys in v.metadata() of valibot stay inside the program; only title, description and examples
#        become keywords of a JSON Schema.
# Seen:  @valibot/to-json-schema 1.8.0 copies every key of the metadata into the schema it prints.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit valibot@1.5.0 @valibot/to-json-schema@1.8.0 >/dev/null 2>&1
cat >print.mjs <<'JS'
import * as v from 'valibot';
import { toJsonSchema } from '@valibot/to-json-schema';
console.log(JSON.stringify(toJsonSchema(v.pipe(v.string(), v.metadata({ internalNote: 1 })))));
JS
out=$(node print.mjs)
echo "@valibot/to-json-schema 1.8.0 (node $(node --version)): $out"
[[ $out == *'"internalNote":1'* ]]
