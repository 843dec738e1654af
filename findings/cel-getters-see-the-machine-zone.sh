#!/usr/bin/env bash
# Guess: time getters of CEL count in UTC unless a zone is given (language definition), wherever they are
#        evaluated, and timestamp(int) takes seconds since the epoch.
# Seen:  @bufbuild/cel 0.6.1 answers 3 for the hour of 02:30Z on the day of the clock change when the
#        machine is in Berlin, and 2 in UTC; timestamp(1704067200) is a time in January 1970.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit @bufbuild/cel@0.6.1 @bufbuild/protobuf@2.17.0 >/dev/null 2>&1
cat >hours.mjs <<'JS'
import { celEnv, parse, plan } from '@bufbuild/cel';
const value = (text) => String(plan(celEnv(), parse(text))({}));
console.log(value("timestamp('2024-03-31T02:30:00Z').getHours()"),
  value("timestamp('2024-07-01T00:15:00Z').getDayOfYear()"),
  value("string(timestamp(1704067200))"));
JS
for zone in UTC Europe/Berlin; do
  echo "$zone: $(TZ=$zone node hours.mjs)"
done
[ "$(TZ=UTC node hours.mjs)" = "2 182 1970-01-20T17:21:07.200Z" ]
[ "$(TZ=Europe/Berlin node hours.mjs)" = "3 181 1970-01-20T17:21:07.200Z" ]
