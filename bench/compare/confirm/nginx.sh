#!/bin/sh
# Shows without the checker that nginx stores a response whose load began before its purge. Needs
# nginx, node and curl.
set -eu
folder=$(mktemp -d)
trap 'kill $origin $nginx; rm -rf "$folder"' EXIT
# The origin reads its version when a request arrives, and answers a second later.
node -e '
let version = 1;
require("node:http").createServer((request, response) => {
  if (request.method === "POST") return response.end(`origin: version ${++version}\n`);
  const text = `answer: version ${version}\n`;
  response.writeHead(200, { "cache-control": "max-age=3600" });
  setTimeout(() => response.end(text), 1000);
}).listen(9821, "127.0.0.1");' &
origin=$!
cat > "$folder/nginx.conf" <<CONF
daemon off; master_process off; pid $folder/pid; error_log stderr error; events {}
http {
  access_log off;
  proxy_cache_path $folder/cache keys_zone=pages:1m use_temp_path=off;
  server {
    listen 127.0.0.1:9822;
    location / { proxy_cache pages; proxy_cache_key \$uri; proxy_pass http://127.0.0.1:9821; }
  }
}
CONF
nginx -p "$folder" -c "$folder/nginx.conf" 2> /dev/null & nginx=$!
until curl -sfo /dev/null http://127.0.0.1:9822/up; do sleep 0.2; done
curl -s http://127.0.0.1:9822/page & load=$!
sleep 0.5
curl -s -X POST http://127.0.0.1:9821/
# The name of the file is the MD5 of the key.
rm -f "$folder/cache/$(printf /page | md5sum | cut -d " " -f 1)" && echo "purge: the file is deleted"
wait $load
sleep "${1:-10}"
echo "${1:-10} s after the purge:"
curl -s http://127.0.0.1:9822/page
