#!/usr/bin/env bash
# Guess: mcporter, given a URL that ends with /sse, opens the event stream there (GET) at once.
# Seen:  mcporter 0.12.3 POSTs an initialize of Streamable HTTP to that URL first and opens the stream
#        only when that is refused (405): a server that starts to answer POST there moves it over.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit mcporter@0.12.3 bun@1.4.5 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
cat >server.mjs <<'JS'
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const body = request.method === 'POST' ? JSON.parse(await request.text()).method : '';
    console.error(`seen: ${request.method} ${new URL(request.url).pathname} ${body}`.trim());
    return new Response('no', { status: 405 });
  },
});
console.log(server.port);
JS
"$bun" server.mjs >port 2>seen &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$folder"' EXIT
for _ in $(seq 100); do [ -s port ] && break; sleep 0.1; done
HOME=$folder timeout 60 "$bun" node_modules/.bin/mcporter list --http-url "http://127.0.0.1:$(cat port)/sse" --allow-http --name probe >/dev/null 2>&1 || true
echo "mcporter $(node -p 'require("./node_modules/mcporter/package.json").version')"
cat seen
sed -n 1p seen | grep -q '^seen: POST /sse initialize$'
grep -q '^seen: GET /sse$' seen
