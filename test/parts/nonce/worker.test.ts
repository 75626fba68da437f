// Tests nonces on workerd: of a miss that streams, of hits, of a coding for the client, and in another colo.
import { afterAll, expect, it } from "vitest";
import { bundledText } from "../../../testing/bundled-text.ts";
import { Running } from "../../../local/running.ts";
import { startScriptedOrigin } from "../../../testing/fakes/scripted-origin.ts";
import { startWorld } from "../../../testing/worker/world.ts";

const own = "c2VjcmV0LW9mLXRoZS1vcmlnaW4=";
const part = `<script nonce="${own}"></script>`;
const large = `${"<p>tide</p>".repeat(30_000)}${part}`;

const running = new Running();
afterAll(() => running.stop());
let askedCount = 0;
const origin = await running.add(
  startScriptedOrigin(({ url }, response) => {
    askedCount += 1;
    response.writeHead(200, {
      "content-type": "text/html",
      "content-security-policy": `script-src 'nonce-${own}'`,
      etag: '"1"',
      "cache-control": "public, max-age=600",
    });
    response.write(part.slice(0, 25));
    response.end(part.slice(25) + (url === "/large" ? large : part));
  }),
);
const contents = `
  import { defineConfig } from "./src/tidemark.ts";
  import { nonce } from "./src/parts/nonce/nonce.ts";
  import { upstash } from "./src/upstash.ts";
  import { createWorker } from "./src/worker.ts";
  const routes = [{ name: "pages", match: "*", use: [nonce()] }];
  export default createWorker(defineConfig({ routes }), { stores: upstash() });
`;
const worker = await bundledText(contents);
const world = await running.add(startWorld({ originUrl: origin.url, worker, colos: 2 }));

it.each(["/small", "/large"])("each answer for %s has a nonce of its own", async (path) => {
  const before = askedCount;
  const values = new Set<string>();
  for (const { url } of [world.colos[0]!, world.colos[0]!, world.colos[0]!, world.colos[1]!]) {
    const response = await fetch(url + path, { headers: { "accept-encoding": "gzip" } });
    const text = await response.text();
    const policy = response.headers.get("content-security-policy") ?? "";
    const [, value = ""] = /^script-src 'nonce-([\w-]{22})'$/.exec(policy) ?? [];
    expect([value === "", response.headers.get("etag")]).toEqual([false, null]);
    expect(text).not.toContain(own);
    expect(text.split(`nonce="${value}"`)).toHaveLength(3);
    expect(text).toHaveLength(
      (part + (path === "/large" ? large : part)).length - 2 * (own.length - 22),
    );
    values.add(value);
  }
  expect(values.size).toBe(4);
  expect(askedCount - before).toBe(1);
});

it.each(["video", "image"])("a range of a page gets the whole page, as %s", async (destination) => {
  const headers = { range: "bytes=0-9", "sec-fetch-dest": destination };
  for (const path of ["/small", `/of-${destination}`]) {
    const response = await fetch(world.colos[0]!.url + path, { headers });
    const text = await response.text();
    expect([response.status, text.includes(own), text.length]).toEqual([
      200,
      false,
      2 * part.length - 2 * (own.length - 22),
    ]);
  }
});
