#!/usr/bin/env bash
# Guess: setDefaultTimeout() in a preload of bun test holds for every test file of the run.
# Seen:  bun 1.4.5: it holds for the first file only; the files after it have 5 seconds again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bun@1.4.5 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
echo "bun $("$bun" --version)"
printf '[test]\npreload = ["./preload.ts"]\n' >bunfig.toml
echo 'import { setDefaultTimeout } from "bun:test"; setDefaultTimeout(60000);' >preload.ts
for name in first second; do
  cat >"$name.test.ts" <<TS
import { test } from 'bun:test';
test('$name', async () => { await Bun.sleep(5500); });
TS
done
out=$("$bun" test 2>&1 || true)
echo "$out" | grep -E '\((pass|fail)\)|timed out after|^ *[0-9]+ (pass|fail)'
echo "$out" | grep -q '^ 1 pass' && echo "$out" | grep -q 'timed out after 5000ms'
echo "as seen: one of two files kept the limit of the preload"
