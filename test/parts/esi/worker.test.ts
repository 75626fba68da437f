// Tests ESI on workerd: fragments that many clients share, that stream, and that end early.
import { afterAll, expect, it } from "vitest";
import { bundledText } from "../../../testing/bundled-text.ts";
import { Running } from "../../../local/running.ts";
import { startScriptedOrigin } from "../../../testing/fakes/scripted-origin.ts";
import { startWorld } from "../../../testing/worker/world.ts";

const include = (src: string) => `<esi:include src="${src}" />`;
const large = "x".repeat(300_000);
const pages: Readonly<Record<string, string>> = {
  "/p": `<p>${include("/f")}${include("/large")}${include("/p2")}${include("/mine")}</p>`,
  "/p2": `[${include("/f")}]`,
  "/f": "menu",
  "/large": large,
  "/p-bad": include("/missing"),
  "/p-cut": `first${include("/cut")}last`,
  "/p-plain": "no tags",
};

const running = new Running();
afterAll(() => running.stop());
const asked: string[] = [];
const origin = await running.add(
  startScriptedOrigin(({ url = "", headers }, response) => {
    asked.push(`${url} ${headers["accept-encoding"]}`);
    const text = url === "/mine" ? `of ${headers.cookie}` : (pages[url] ?? "");
    response.writeHead(url === "/cut" || text !== "" ? 200 : 404, {
      "content-type": "text/html",
      etag: '"1"',
      "cache-control": url === "/mine" ? "private" : "public, max-age=600",
      "content-length": url === "/cut" ? 100 : text.length,
    });
    if (url === "/cut") {
      response.write("a");
      setTimeout(() => response.destroy(), 50);
    } else {
      response.end(text);
    }
  }),
);
const contents = `
  import { defineConfig } from "./src/tidemark.ts";
  import { esi } from "./src/parts/esi/esi.ts";
  import { upstash } from "./src/upstash.ts";
  import { createWorker } from "./src/worker.ts";
  const routes = [{ name: "pages", match: "/p*", use: [esi("html")] }];
  export default createWorker(defineConfig({ routes }), { stores: upstash() });
`;
const worker = await bundledText(contents);
const world = await running.add(startWorld({ originUrl: origin.url, worker }));
const { url } = world.colos[0]!;

const pageOf = (cookie: string) => `<p>menu${large}[menu]of ${cookie}</p>`;

it("sends each of many clients the shared fragments and its own, with few requests", async () => {
  expect(await (await fetch(`${url}/p`)).text()).toBe(pageOf("undefined"));
  for (const round of [1, 2]) {
    const clients = Array.from({ length: 8 }, (_, nth) => `sid=${round}-${nth}`);
    const texts = await Promise.all(
      clients.map(async (cookie) => {
        const response = await fetch(`${url}/p`, { headers: { cookie } });
        return response.text();
      }),
    );
    expect(texts.map((text, nth) => text === pageOf(clients[nth]!))).toEqual(
      clients.map(() => true),
    );
  }
  const shared = asked.filter((one) => !one.startsWith("/mine"));
  expect(new Set(shared)).toEqual(
    new Set(["/p identity", "/f identity", "/large identity", "/p2 identity"]),
  );
  expect(shared).toHaveLength(4);
  expect(asked).toHaveLength(4 + 17);
});

it("sends no validators, length or ranges with fragments, and keeps them without", async () => {
  const headers = { range: "bytes=0-1", "if-none-match": '"1"' };
  const page = await fetch(`${url}/p`, { headers });
  expect([page.status, page.headers.get("cache-control"), page.headers.get("etag")]).toEqual([
    200,
    "private, no-store",
    null,
  ]);
  await page.body?.cancel();
  const head = await fetch(`${url}/p`, { method: "HEAD", headers });
  expect([head.status, head.headers.get("etag")]).toEqual([200, null]);
  const plain = await fetch(`${url}/p-plain`);
  expect([await plain.text(), plain.headers.get("content-length")]).toEqual(["no tags", "7"]);
  expect((await fetch(`${url}/p-plain`, { headers })).status).toBe(304);
});

it("answers 502 if a fragment fails, and cuts the page off if a fragment breaks off", async () => {
  expect((await fetch(`${url}/p-bad`)).status).toBe(502);
  const cut = await fetch(`${url}/p-cut`);
  expect(cut.status).toBe(200);
  await expect(cut.text()).rejects.toThrow("terminated");
});

it("answers the next client after one has left", async () => {
  const abort = new AbortController();
  const leaving = await fetch(`${url}/p`, { signal: abort.signal });
  await leaving.body?.getReader().read();
  abort.abort();
  const next = await fetch(`${url}/p2`);
  expect(await next.text()).toBe("[menu]");
});
