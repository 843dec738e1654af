#!/usr/bin/env bash
# Guess: a runtime of November 2026 knows the time zone rules that were published in 2026, or reads those
#        of the system (TZDIR).
# Seen:  Intl of bun 1.4.5 (ICU 78.3) differs from IANA 2026f in 13 names for 2026-12-15: Vancouver,
#        Edmonton, Winnipeg, Casablanca, Havana and more are an hour off. TZDIR changes nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bun@1.4.5 moment-timezone@0.6.6 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
cat >compare.mjs <<'JS'
import moment from 'moment-timezone';
const at = Date.UTC(2026, 11, 15, 12);
const minutesOf = (timeZone) => {
  const name = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(at).find(({ type }) => type === 'timeZoneName').value;
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d+):(\d+))?/.exec(name);
  return hours === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
};
const wrong = moment.tz.names().filter((name) => {
  try { return minutesOf(name) !== moment.tz(at, name).utcOffset(); } catch { return false; }
});
console.log(moment.tz.dataVersion, wrong.length, wrong.join(' '));
JS
echo "bun $("$bun" --version), ICU $("$bun" -e 'console.log(process.versions.icu)')"
seen=$("$bun" compare.mjs)
echo "$seen"
mkdir zones
[ "$(TZDIR=$PWD/zones "$bun" compare.mjs)" = "$seen" ]
case $seen in
  "2026f 13 "*America/Vancouver*) ;;
  *) exit 1 ;;
esac
