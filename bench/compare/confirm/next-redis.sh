#!/bin/sh
# Shows without the checker that @fortedigital/nextjs-cache-handler stores a value whose load began
# before a purge of its tag. Needs redis-server, curl, and npm ci --prefix bench/compare/next-app.
set -eu
trap 'kill $origin $redis $next' EXIT
# The origin reads its version when a request arrives, and answers a second later.
node -e '
let version = 1;
require("node:http").createServer((request, response) => {
  if (request.method === "POST") return response.end(`origin: version ${++version}\n`);
  const text = JSON.stringify({ version });
  setTimeout(() => response.end(text), 1000);
}).listen(9841, "127.0.0.1");' &
origin=$!
redis-server --port 9842 --save "" > /dev/null & redis=$!
export CACHE_HANDLER=fortedigital ORIGIN_URL=http://127.0.0.1:9841 REDIS_URL=redis://127.0.0.1:9842
export NEXT_TELEMETRY_DISABLED=1
cd bench/compare/next-app
node node_modules/next/dist/bin/next build > /dev/null 2>&1
node node_modules/next/dist/bin/next start -H 127.0.0.1 -p 9843 > /dev/null 2>&1 & next=$!
until curl -sfo /dev/null http://127.0.0.1:9843/read/fetch/up; do sleep 0.5; done
read_item() { curl -s http://127.0.0.1:9843/read/fetch/item; echo; }
read_item & load=$!
sleep 0.5
curl -s -X POST http://127.0.0.1:9841/
curl -s -o /dev/null -w "purge: %{http_code}\n" -d '{"kind":"expireTag","target":"item"}' http://127.0.0.1:9843/purge
wait $load
sleep "${1:-10}"
echo "${1:-10} s after the purge:"
read_item
