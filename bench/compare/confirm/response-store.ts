// Shows without the checker that @cloudflare/workers-response-store stores a response whose rendering
// began before a purge. Needs npm ci --prefix bench/compare/packages.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

let version = 1;
const origin = createServer((_, response) => {
  const text = `version ${version}`;
  response.writeHead(200, { "cache-control": "max-age=3600", "cache-tag": "item" });
  setTimeout(() => response.end(text), 1_000);
}).listen(0, "127.0.0.1");
await once(origin, "listening");
const { outputFiles } = await build({
  entryPoints: ["bench/compare/adapters/response-store-worker.js"],
  nodePaths: ["bench/compare/packages/node_modules"],
  bundle: true,
  write: false,
  format: "esm",
  external: ["cloudflare:*", "node:*"],
});
const worker = new Miniflare(
  convertV4MiniflareOptions({
    modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" }],
    compatibilityDate: "2026-11-01",
    compatibilityFlags: ["nodejs_compat"],
    bindings: {
      ORIGIN_URL: `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
      CF_VERSION_METADATA: { id: "one" },
    },
    r2Buckets: ["CACHE_BODIES"],
    durableObjects: { CACHE_METADATA: { className: "CacheMetadata", useSQLite: true } },
  }),
);
const url = `${(await worker.ready).origin}/item`;
const read = async () => (await fetch(url)).text();
const load = read();
await delay(500);
version = 2;
console.log("origin: version 2");
console.log("purge:", (await fetch(url, { method: "POST" })).status);
console.log("the load returns:", await load);
const seconds = Number(process.argv[2] ?? 10);
await delay(seconds * 1_000);
console.log(`${seconds} s after the purge:`, await read());
await worker.dispose();
origin.close();
