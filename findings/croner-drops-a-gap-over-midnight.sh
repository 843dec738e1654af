#!/usr/bin/env bash
# Guess: a cron time that the clocks skip comes at the end of the gap, as croner does at 02:30 in Berlin.
# Seen:  croner 11.0.1 drops it where the gap ends at midnight (Nuuk goes from Saturday 23:00 to Sunday
#        00:00): the end is another weekday, which is then tested against the pattern.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit croner@11.0.1 >/dev/null 2>&1
cat >next.mjs <<'JS'
import { Cron } from 'croner';
const times = (pattern, timezone, from) =>
  new Cron(pattern, { mode: '5-part', paused: true, timezone }).nextRuns(2, new Date(from))
    .map((at) => at.toISOString().slice(0, 16)).join(' ');
console.log(`Berlin ${times('30 2 * * SUN', 'Europe/Berlin', '2027-03-26T12:00:00Z')}`);
console.log(`Nuuk ${times('30 23 * * SAT', 'America/Nuuk', '2027-03-26T12:00:00Z')}`);
JS
seen=$(node next.mjs)
echo "croner 11.0.1, node $(node --version)"
echo "$seen"
[ "$seen" = "Berlin 2027-03-28T01:00 2027-04-04T00:30
Nuuk 2027-04-04T00:30 2027-04-11T00:30" ]
