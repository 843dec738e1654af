#!/usr/bin/env bash
# Guess: `fromdate | todate` gives back the time it was given, in jq built for wasm as in any jq: both are
#        in UTC.
# Seen:  jq-wasm 3.0.0 (jq 1.8.2) gives 03:30Z for 02:30Z on the day of the clock change when TZ is
#        Europe/Berlin, and `strftime("%Z")` fails with "unknown system failure" in every zone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit jq-wasm@3.0.0-jq-1.8.2 >/dev/null 2>&1
cat >dates.mjs <<'JS'
import { loadJq } from 'jq-wasm/inline';
const jq = await loadJq();
const say = (filter) => {
  const { stdout, stderr } = jq.raw('"2024-03-31T02:30:00Z"', filter, ['-c']);
  return (stdout || stderr.replace(/^.*?: /, '').replace(/^.*\): /, '')).trim();
};
console.log(say('fromdate | todate'), say('0 | strftime("%Z")'));
JS
for zone in UTC Europe/Berlin; do
  echo "$zone: $(TZ=$zone node dates.mjs)"
done
[[ $(TZ=UTC node dates.mjs) == '"2024-03-31T02:30:00Z" '*'unknown system failure'* ]]
[[ $(TZ=Europe/Berlin node dates.mjs) == '"2024-03-31T03:30:00Z" '*'unknown system failure'* ]]
