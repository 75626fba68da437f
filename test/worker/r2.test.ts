// Tests large bodies in R2 on workerd, over Redis: both the bodies that are held whole and those that are
// streamed, their ranges, and a purge. The Worker does not use the edge, so that R2 answers.
import { afterAll, expect, it } from "vitest";
import { bundledText } from "../../testing/bundled-text.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { noise } from "../../testing/examples/records.ts";
import { startLimitedColo } from "../../testing/worker/platform-limits/limited-colo.ts";

const contents = `
  import { r2Bodies } from "./src/cloudflare.ts";
  import { operate } from "./src/parts/operate/operate.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { upstash } from "./src/upstash.ts";
  import { createWorker } from "./src/worker.ts";

  const config = defineConfig({
    parts: [operate()],
    routes: [{ name: "all", match: "*", tiers: ["shared"] }],
  });
  export default createWorker(config, {
    stores: { ...upstash(), bodies: r2Bodies({ binding: "BODIES" }) },
  });
`;
const adminToken = "b7Qm2xVr9KzT4wLp";
const mebibyte = 1_048_576;

const running = new Running();
afterAll(() => running.stop());
const asked: string[] = [];
const origin = await running.add(
  startScriptedOrigin(({ url = "" }, response) => {
    asked.push(url);
    const body = bodyOf(url, asked.length);
    const length = { "content-length": String(body.byteLength) };
    response.writeHead(200, { "cache-control": "max-age=600", "cache-tag": "red", ...length });
    response.end(body);
  }),
);

/** Returns a body of the path's number of mebibytes, whose first byte is a number. */
function bodyOf(path: string, nth: number): Uint8Array<ArrayBuffer> {
  const body = noise(Number(path.slice(1)) * mebibyte);
  body[0] = nth;
  return body;
}

const { url: redisUrl } = await running.add(startEmbeddedValkey());
const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
const env = {
  ORIGIN_URL: origin.url,
  UPSTASH_REDIS_REST_URL: rest.url,
  UPSTASH_REDIS_REST_TOKEN: rest.token,
  ADMIN_TOKEN: adminToken,
};
const worker = await bundledText(contents, { minify: false });
const colo = await running.add(
  startLimitedColo({ name: "HAM", worker, port: 0, env, r2Buckets: ["BODIES"] }),
);

/** Requests a page until the shared tier answers, because the body is stored after the answer. */
async function fromShared(path: string, init: RequestInit = {}): Promise<Response> {
  for (let times = 0; times < 500; times += 1) {
    const response = await fetch(`${colo.url}${path}`, init);
    if (response.headers.get("cache-status")?.endsWith("detail=shared") === true) return response;
    await response.arrayBuffer();
  }
  throw new Error("No answer came from the shared tier.");
}

it.each(["/3", "/12"])("R2 answers for %s MiB, in parts too, until a purge", async (path) => {
  const whole = new Uint8Array(await (await fromShared(path)).arrayBuffer());
  const body = bodyOf(path, whole[0] ?? 0);
  expect(Buffer.from(whole).equals(body)).toBe(true);
  const part = await fromShared(path, { headers: { range: "bytes=2000000-2000099" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([
    206,
    `bytes 2000000-2000099/${body.byteLength}`,
  ]);
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(body.slice(2_000_000, 2_000_100));
  const before = asked.length;
  const purged = await fetch(`${colo.url}/_cache/purge`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ tags: ["red"] }),
  });
  expect(purged.status).toBe(200);
  const after = new Uint8Array(await (await fetch(`${colo.url}${path}`)).arrayBuffer());
  expect([after[0], asked.length]).toEqual([before + 1, before + 1]);
});
