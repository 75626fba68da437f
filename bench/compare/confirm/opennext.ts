// Shows without the checker that OpenNext forgets a hard purge after a soft purge, and stores a value
// whose load began before a purge. Needs npm ci --prefix bench/compare/packages.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

let version = 1;
let loadMs = 0;
const origin = createServer((_, response) => {
  const text = `version ${version}`;
  setTimeout(() => response.end(text), loadMs);
}).listen(0, "127.0.0.1");
await once(origin, "listening");
const { outputFiles } = await build({
  entryPoints: ["bench/compare/adapters/opennext-worker.js"],
  nodePaths: ["bench/compare/packages/node_modules"],
  bundle: true,
  write: false,
  format: "esm",
  external: ["cloudflare:*", "node:*", "next/*"],
});
const worker = new Miniflare(
  convertV4MiniflareOptions({
    modules: [{ type: "ESModule", path: "worker.js", contents: outputFiles[0]?.text ?? "" }],
    compatibilityDate: "2026-11-01",
    compatibilityFlags: ["nodejs_compat"],
    bindings: { ORIGIN_URL: `http://127.0.0.1:${(origin.address() as AddressInfo).port}` },
    r2Buckets: ["NEXT_INC_CACHE_R2_BUCKET"],
    durableObjects: {
      NEXT_TAG_CACHE_DO_SHARDED: { className: "DOShardedTagCache", useSQLite: true },
    },
  }),
);
const url = (await worker.ready).origin;
const read = async (id: string) => (await fetch(`${url}/${id}`)).text();
const purge = async (id: string, mode: "hard" | "soft") => {
  version += 1;
  const { status } = await fetch(`${url}/${id}?mode=${mode}`, { method: "POST" });
  console.log(`origin: version ${version}; ${mode} purge: ${status}`);
};
const seconds = Number(process.argv[2] ?? 10);

console.log("answer:", await read("forgotten"));
await purge("forgotten", "hard");
await delay(seconds * 1_000);
await purge("forgotten", "soft");
console.log(`${seconds} s after the hard purge:`, await read("forgotten"));

loadMs = 1_000;
const load = read("late");
await delay(500);
await purge("late", "hard");
console.log("the load returns:", await load);
await delay(seconds * 1_000);
console.log(`${seconds} s after the hard purge:`, await read("late"));
await worker.dispose();
origin.close();
