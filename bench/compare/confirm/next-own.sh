#!/bin/sh
# Shows without the checker that Next.js's own handler forgets a hard purge after a soft purge, as
# OpenNext does. Needs curl, and npm ci --prefix bench/compare/next-app.
set -eu
trap 'kill $origin $next' EXIT
node -e '
let version = 1;
require("node:http").createServer((request, response) => {
  if (request.method === "POST") return response.end(`origin: version ${++version}\n`);
  response.end(JSON.stringify({ version }));
}).listen(9851, "127.0.0.1");' &
origin=$!
export CACHE_HANDLER=default ORIGIN_URL=http://127.0.0.1:9851 NEXT_TELEMETRY_DISABLED=1
cd bench/compare/next-app
node node_modules/next/dist/bin/next build > /dev/null 2>&1
node node_modules/next/dist/bin/next start -H 127.0.0.1 -p 9852 > /dev/null 2>&1 & next=$!
until curl -sfo /dev/null http://127.0.0.1:9852/read/fetch/up; do sleep 0.5; done
read_item() { curl -s "http://127.0.0.1:9852/read/fetch/$1"; echo; }
purge() {
  curl -s -o /dev/null -w "$1: %{http_code}\n" -d "{\"kind\":\"$1\",\"target\":\"$2\"}" http://127.0.0.1:9852/purge
}
for item in hard-only hard-then-soft; do
  echo "$item:"
  read_item $item
  curl -s -X POST http://127.0.0.1:9851/
  purge expireTag $item
  sleep "${1:-10}"
  [ $item = hard-only ] || purge staleTag $item
  read_item $item
done
