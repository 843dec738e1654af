#!/usr/bin/env bash
# Guess: a server that gets a request target in absolute form sees that target's authority, which
#        RFC 9112, section 3.2.2, puts before the Host header.
# Seen:  Bun.serve of bun 1.4.5 makes request.url of the Host header and drops the authority of the
#        target; node:http of Node hands the target on as it was sent.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-fund --no-audit bun@1.4.5 >/dev/null 2>&1
bun=node_modules/.bin/bun
"$bun" --version >/dev/null 2>&1 || node node_modules/bun/install.js
echo "bun $("$bun" --version), node $(node --version)"
cat >ask.mjs <<'JS'
import { connect } from 'node:net';
export const ask = (port) => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => { text += chunk; });
  socket.on('close', () => resolve(text.split('\r\n\r\n')[1]));
  socket.write('GET http://one.example/path HTTP/1.1\r\nHost: two.example\r\nConnection: close\r\n\r\n');
});
JS
cat >bun.mjs <<'JS'
import { ask } from './ask.mjs';
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => new Response(request.url) });
console.log(await ask(server.port));
server.stop(true);
JS
cat >node.mjs <<'JS'
import { createServer } from 'node:http';
import { ask } from './ask.mjs';
const server = createServer((request, response) => {
  response.setHeader('content-length', request.url.length);
  response.end(request.url);
});
server.listen(0, '127.0.0.1', async () => {
  console.log(await ask(server.address().port));
  server.close();
});
JS
bun_saw=$("$bun" bun.mjs)
node_saw=$(node node.mjs)
echo "Bun.serve: $bun_saw"
echo "node:http: $node_saw"
[ "$bun_saw" = "http://two.example/path" ] && [ "$node_saw" = "http://one.example/path" ]
