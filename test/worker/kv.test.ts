// Tests the KV tier on workerd: a page in Redis is copied to KV, is read from KV, and does not
// answer after a purge.
import { afterAll, expect, it } from "vitest";
import { bundled, root } from "../../local/bundling.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { startLimitedColo } from "../../testing/worker/platform-limits/limited-colo.ts";

const contents = `
  import { workersKv } from "./src/cloudflare.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { createWorker } from "./src/worker.ts";

  const config = defineConfig({ routes: [{ name: "all", match: "*", tiers: ["kv", "shared"] }] });
  export default createWorker(config, { tiers: [workersKv({ binding: "PAGES" })] });
`;
const adminToken = "b7Qm2xVr9KzT4wLp";
const body = "Größe ".repeat(100_000);

const stdin = { contents, resolveDir: root, sourcefile: "worker.js", loader: "js" } as const;
const running = new Running();
afterAll(() => running.stop());
let nth = 0;
const origin = await running.add(
  startScriptedOrigin((_, response) => {
    nth += 1;
    response.writeHead(200, { "cache-control": "max-age=600", "cache-tag": "red" });
    response.end(`${nth} ${body}`);
  }),
);
const { url: redisUrl } = await running.add(startEmbeddedValkey());
const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
const env = {
  ORIGIN_URL: origin.url,
  UPSTASH_REDIS_REST_URL: rest.url,
  UPSTASH_REDIS_REST_TOKEN: rest.token,
  ADMIN_TOKEN: adminToken,
};
const worker = await bundled({ stdin, minify: false });
const colo = await running.add(
  startLimitedColo({ name: "HAM", worker, port: 0, env, kvNamespaces: ["PAGES"] }),
);

/** Requests the page until this tier answers, because the copy follows an answer. */
async function answeredBy(tier: string): Promise<string> {
  for (let times = 0; times < 500; times += 1) {
    const response = await fetch(`${colo.url}/page`);
    const text = await response.text();
    if (response.headers.get("cache-status")?.endsWith(`detail=${tier}`) === true) return text;
  }
  throw new Error(`No answer came from ${tier}.`);
}

it("a page is copied to KV and read from there, until a purge covers it", async () => {
  const before = await answeredBy("kv");
  expect(before).toBe(`${nth} ${body}`);
  const purged = await fetch(`${colo.url}/_cache/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ tags: ["red"] }),
  });
  expect(purged.status).toBe(200);
  const after = await (await fetch(`${colo.url}/page`)).text();
  expect(after).toBe(`${Number.parseInt(before, 10) + 1} ${body}`);
  expect(await answeredBy("kv")).toBe(`${nth} ${body}`);
});
