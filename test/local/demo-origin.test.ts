// Tests the demo origin on a port: assets, large bodies, cut connections, request counts and its
// stop.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { archiveBlock, archiveBlockBytes } from "../../local/demo-origin/archive.ts";
import { startDemoOrigin, type DemoOrigin } from "../../local/demo-origin/demo-origin.ts";
import { openSite } from "./demo-origin-site.ts";

const started: DemoOrigin[] = [];
async function start(given: Parameters<typeof startDemoOrigin>[0] = {}): Promise<DemoOrigin> {
  const origin = await startDemoOrigin({ queryMs: 0, ...given });
  started.push(origin);
  return origin;
}
afterEach(async () => {
  for (const origin of started.splice(0)) await origin.stop();
});

interface Received {
  fields: IncomingMessage["headers"];
  body: Buffer;
  complete: boolean;
}

/** Receives a response from the wire. Unlike `fetch`, it keeps the bytes of a body that was cut. */
function receive(url: string, method = "GET"): Promise<Received> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      // A cut body ends in an error after its bytes. "close" follows in any case.
      incoming.on("error", () => {});
      incoming.on("close", () => {
        const { headers: fields, complete } = incoming;
        resolve({ fields, body: Buffer.concat(chunks), complete });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

function archiveOf(bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / archiveBlockBytes) }, (_, index) =>
    archiveBlock(index),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

it("names assets by the hash of their content, and lets clients keep them for a year", async () => {
  const { ask } = openSite();
  const home = await (await ask("/")).text();
  const named = new Set(
    [...home.matchAll(/"(\/assets\/\w+\.\w{12}\.\w+)"/g)].map(([, path]) => path),
  );
  expect(named.size).toBe(3);
  for (const path of named) {
    const response = await ask(path ?? "");
    const content = Buffer.from(await response.arrayBuffer());
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    expect(path).toContain(`.${hash}.`);
    expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  }
});

describe("the archive", () => {
  it.each([0, 1, archiveBlockBytes - 1, archiveBlockBytes, archiveBlockBytes + 1, 5_000_000])(
    "has %i bytes, with Content-Length or with chunked encoding",
    async (bytes) => {
      const { url } = await start();
      const whole = await receive(`${url}/download/archive.bin?bytes=${bytes}`);
      const chunked = await receive(`${url}/download/archive.bin?bytes=${bytes}&chunked=1`);
      expect(whole.body.equals(archiveOf(bytes))).toBe(true);
      expect(chunked.body.equals(archiveOf(bytes))).toBe(true);
      expect(whole.fields["content-length"]).toBe(String(bytes));
      expect(chunked.fields["content-length"]).toBeUndefined();
      expect(chunked.fields["transfer-encoding"]).toBe("chunked");
      expect(whole.fields.etag).toBe(`"archive-${bytes}"`);
    },
  );

  it("begins each block with its number, so that no two blocks are equal", () => {
    expect([...archiveBlock(258).subarray(0, 4)]).toEqual([0, 0, 1, 2]);
  });

  it.each([
    { bytes: 10, cut: 0 },
    { bytes: 10, cut: 9 },
    { bytes: 10, cut: 10 },
    { bytes: 300_000, cut: archiveBlockBytes },
    { bytes: 9_000_000, cut: 8_000_001 },
  ])("of $bytes bytes ends after $cut", async ({ bytes, cut }) => {
    const { url } = await start();
    for (const chunked of [0, 1]) {
      const query = `bytes=${bytes}&cut=${cut}&chunked=${chunked}`;
      const { body, complete } = await receive(`${url}/download/archive.bin?${query}`);
      expect(body.equals(archiveOf(bytes).subarray(0, cut))).toBe(true);
      // A body with all bytes of its Content-Length is complete. A chunked body also needs its last
      // chunk.
      expect(complete).toBe(cut === bytes && chunked === 0);
    }
  });

  it("is produced no faster than the client reads it", async () => {
    const { url } = await start();
    // The archive calls this method once for each block.
    const made = vi.spyOn(DataView.prototype, "setUint32");
    const response = await fetch(`${url}/download/archive.bin?bytes=1073741824`);
    const reader = response.body!.getReader();
    await reader.read();
    let [before, after] = [-1, 0];
    while (before !== after) {
      before = after;
      await new Promise((resolve) => setTimeout(resolve, 50));
      after = made.mock.calls.length;
    }
    made.mockRestore();
    expect(after * archiveBlockBytes).toBeLessThan(64 * 1_048_576);
    await reader.cancel();
  });

  it("answers 304 to its entity tag, and answers HEAD without a body", async () => {
    const { url } = await start();
    const archive = `${url}/download/archive.bin?bytes=1073741824`;
    const known = { "If-None-Match": '"archive-1073741824"' };
    expect((await fetch(archive, { headers: known })).status).toBe(304);
    const { fields, body } = await receive(archive, "HEAD");
    expect(fields["content-length"]).toBe("1073741824");
    expect(body.byteLength).toBe(0);
  });
});

it("counts requests by method and path", async () => {
  const origin = await start();
  await receive(`${origin.url}/feed?page=1`);
  await receive(`${origin.url}/feed?page=2`);
  await receive(`${origin.url}/feed`, "HEAD");
  await receive(`${origin.url}/nowhere`);
  expect(origin.requests()).toEqual({ "GET /feed": 2, "HEAD /feed": 1, "GET /nowhere": 1 });
});

describe("the origin", () => {
  it("cuts off pending requests when it stops, and may be stopped twice", async () => {
    const origin = await start({ queryMs: 50 });
    const cutOff = fetch(`${origin.url}/feed`).then(
      () => "answered",
      () => "cut off",
    );
    while (origin.requests()["GET /feed"] === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await origin.stop();
    await origin.stop();
    expect(await cutOff).toBe("cut off");
  });

  it("builds links in the RSS feed from the address of the site", async () => {
    const plain = await start();
    expect(await (await fetch(`${plain.url}/rss.xml`)).text()).toContain(
      `<link>${plain.url}/articles`,
    );
    const behind = await start({ siteUrl: "https://post.example" });
    const feed = await (await fetch(`${behind.url}/rss.xml`)).text();
    expect(feed).toContain("<link>https://post.example/articles/night-ferry-returns</link>");
    expect(feed).toContain("<pubDate>Mon, 16 Nov 2026 07:30:00 GMT</pubDate>");
    expect(feed).not.toContain(behind.url);
  });
});

it.each([
  ["tidemark; hit; ttl=14; detail=memory", "from memory, 3 s old, at host. "],
  ["tidemark; hit; ttl=14", "from the cache, 3 s old, at host. "],
  [
    "tidemark; fwd=stale; fwd-status=200; stored; detail=purged",
    "from the origin: purged, at host. ",
  ],
  ["tidemark; fwd=uri-miss; fwd-status=200; stored", "from the origin: uri-miss, at host. "],
])("the footer of a page with Cache-Status: %s says: %s", async (cacheStatus, said) => {
  const script = readFileSync("local/demo-origin/assets/site.js", "utf8");
  const tier = { hidden: true, text: "", querySelector: () => "link" };
  const replaceChildren = (text: string) => void (tier.text = text);
  const headers = new Headers({ Age: "3", "Cache-Status": cacheStatus });
  runInNewContext(script, {
    document: {
      querySelector: () => null,
      querySelectorAll: () => [{ ...tier, replaceChildren }],
    },
    fetch: async () => ({ headers }),
    location: { href: "https://host/", host: "host" },
  });
  await new Promise(setImmediate);
  expect(tier.text).toBe(said);
});
