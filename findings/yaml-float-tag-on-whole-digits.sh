#!/usr/bin/env bash
# Guess: `!!float 12` is the float 12 in YAML 1.2 (core schema), the tag being there to say so.
# Seen:  yaml 2.9.1 does not resolve the tag where the text has no point and no exponent: it warns and gives
#        the text "12"; `!!float 12.0` is 12.
set -euo pipefail
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit yaml@2.9.1 >/dev/null 2>&1
cat >read.mjs <<'JS'
import { parseDocument } from 'yaml';
for (const text of ['!!float 12', '!!float 12.0', '!!int 12']) {
  const document = parseDocument(text, { version: '1.2', schema: 'core' });
  console.log(text, JSON.stringify(document.toJS()), document.warnings.map(({ code }) => code).join());
}
JS
out=$(node read.mjs)
echo "yaml 2.9.1 (node $(node --version))"
echo "$out"
[ "$out" = '!!float 12 "12" TAG_RESOLVE_FAILED
!!float 12.0 12 
!!int 12 12 ' ]
