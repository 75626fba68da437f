#!/bin/sh
# Shows without the checker that Varnish stores a response whose load began before a purge. Needs
# varnishd, varnish-modules, node and curl.
set -eu
folder=$(mktemp -d)
trap 'kill $origin $varnish; rm -rf "$folder"' EXIT
# The origin reads its version when a request arrives, and answers a second later.
node -e '
let version = 1;
require("node:http").createServer((request, response) => {
  if (request.method === "POST") return response.end(`origin: version ${++version}\n`);
  const text = `answer: version ${version}\n`;
  response.writeHead(200, { "cache-control": "max-age=3600", xkey: "page" });
  setTimeout(() => response.end(text), 1000);
}).listen(9811, "127.0.0.1");' &
origin=$!
cat > "$folder/default.vcl" <<'VCL'
vcl 4.1;
import xkey;
backend default { .host = "127.0.0.1"; .port = "9811"; }
sub vcl_recv {
  if (req.method == "PURGE") { return (synth(200, "Invalidated " + xkey.purge(req.http.xkey) + " objects")); }
}
VCL
varnishd -F -j none -n "$folder/work" -a 127.0.0.1:9812 -f "$folder/default.vcl" > /dev/null 2>&1 &
varnish=$!
until curl -so /dev/null -X PURGE -H "xkey: none" http://127.0.0.1:9812/; do sleep 0.2; done
curl -s http://127.0.0.1:9812/ & load=$!
sleep 0.5
curl -s -X POST http://127.0.0.1:9811/
curl -s -X PURGE -H "xkey: page" -o /dev/null -w "purge: %{http_code}\n" http://127.0.0.1:9812/
wait $load
sleep "${1:-10}"
echo "${1:-10} s after the purge:"
curl -s http://127.0.0.1:9812/
