// The demo origin on a port: assets, large bodies, cut connections, counting, starting, stopping.
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { brotliDecompressSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { archiveBlock, archiveBlockBytes } from "../../local/demo-origin/archive.ts";
import { startDemoOrigin, type DemoOrigin } from "../../local/demo-origin/demo-origin.ts";
import { openedAtMs, openSite } from "./demo-origin-site.ts";

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

/** What came over the wire; unlike `fetch`, it keeps the bytes of a body that was cut. */
function receive(url: string, method = "GET"): Promise<Received> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      // A cut body ends in an error after its bytes; "close" follows either way.
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

describe("assets", () => {
  it("carry the hash of their content and may be kept for a year", async () => {
    const { ask } = openSite();
    const home = await (await ask("/")).text();
    const named = new Set(
      [...home.matchAll(/"(\/assets\/\w+\.(\w{12})\.\w+)"/g)].map(([, path]) => path),
    );
    expect(named.size).toBe(3);
    for (const path of named) {
      const response = await ask(path ?? "", { "Accept-Encoding": "br" });
      const bytes = Buffer.from(await response.arrayBuffer());
      const coded = response.headers.get("content-encoding") === "br";
      const content = coded ? brotliDecompressSync(bytes) : bytes;
      const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
      expect(path).toContain(`.${hash}.`);
      expect(response.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      const etag = response.headers.get("etag") ?? "";
      expect(etag).toBe(coded ? `"${hash}-br"` : `"${hash}"`);
      const again = await ask(path ?? "", { "Accept-Encoding": "br", "If-None-Match": etag });
      expect(again.status).toBe(304);
    }
  });
});

describe("the archive", () => {
  it.each([0, 1, archiveBlockBytes - 1, archiveBlockBytes, archiveBlockBytes + 1, 5_000_000])(
    "has %i bytes, by length or chunked",
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

  it("begins each block with its number, so that no block passes for another", () => {
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
      // With all bytes that Content-Length names, nothing is missing; a last chunk would be.
      expect(complete).toBe(cut === bytes && chunked === 0);
    }
  });

  it("is made no faster than it is read", async () => {
    const origin = await start();
    const response = await fetch(`${origin.url}/download/archive.bin?bytes=1073741824`);
    const reader = response.body!.getReader();
    await reader.read();
    let [before, after] = [-1, 0];
    while (before !== after) {
      before = after;
      await new Promise((resolve) => setTimeout(resolve, 50));
      after = origin.requests().bodyBytes;
    }
    expect(after).toBeLessThan(64 * 1_048_576);
    await reader.cancel();
  });

  it("is validated like any other resource, and HEAD sends none of it", async () => {
    const origin = await start();
    const url = `${origin.url}/download/archive.bin?bytes=1073741824`;
    const known = { "If-None-Match": '"archive-1073741824"' };
    expect((await fetch(url, { headers: known })).status).toBe(304);
    const { fields, body } = await receive(url, "HEAD");
    expect(fields["content-length"]).toBe("1073741824");
    expect(body.byteLength).toBe(0);
    expect(origin.requests().bodyBytes).toBe(0);
  });
});

describe("counting", () => {
  it("counts requests by method and path, and body bytes as sent", async () => {
    const origin = await start();
    const bodies = [
      await receive(`${origin.url}/feed?page=1`),
      await receive(`${origin.url}/feed?page=2`),
      await receive(`${origin.url}/feed`, "HEAD"),
      await receive(`${origin.url}/nowhere`),
      await receive(`${origin.url}/download/archive.bin?bytes=200000&cut=70000`),
    ];
    expect(origin.requests()).toEqual({
      total: 5,
      byRoute: {
        "GET /feed": 2,
        "HEAD /feed": 1,
        "GET /nowhere": 1,
        "GET /download/archive.bin": 1,
      },
      bodyBytes: bodies.reduce((sum, { body }) => sum + body.byteLength, 0),
    });
  });

  it("counts compressed bodies as compressed, and begins anew", async () => {
    const origin = await start({ nowAtMs: () => openedAtMs });
    const ask = () => fetch(`${origin.url}/feed`, { headers: { "Accept-Encoding": "br" } });
    const first = await ask();
    expect((await first.text()).length).toBeGreaterThan(8_000);
    const bodyBytes = Number(first.headers.get("content-length"));
    expect(bodyBytes).toBeLessThan(8_000);
    expect(origin.requests()).toEqual({ total: 1, byRoute: { "GET /feed": 1 }, bodyBytes });
    origin.resetRequests();
    expect(origin.requests()).toEqual({ total: 0, byRoute: {}, bodyBytes: 0 });
    await (await ask()).text();
    expect(origin.requests()).toEqual({ total: 1, byRoute: { "GET /feed": 1 }, bodyBytes });
  });
});

describe("starting and stopping", () => {
  it("takes at least queryMs for a page", async () => {
    const { url } = await start({ queryMs: 60 });
    const beganAtMs = performance.now();
    await (await fetch(`${url}/articles/fog-signal-tested`)).text();
    // A timer may fire a fraction of a millisecond before its time.
    expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(59);
  });

  it("leaves no request behind when it stops, and may be stopped twice", async () => {
    const failed = vi.spyOn(console, "error");
    const origin = await start({ queryMs: 50 });
    const cutOff = fetch(`${origin.url}/feed`).then(
      () => "answered",
      () => "cut off",
    );
    while (origin.requests().total === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await origin.stop();
    await origin.stop();
    expect(await cutOff).toBe("cut off");
    // Longer than the query: one that outlived the stop would find its database closed.
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(failed).not.toHaveBeenCalled();
    failed.mockRestore();
  });

  it("links the RSS feed to where readers see the site", async () => {
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

  it("says which port is taken", async () => {
    const { url } = await start();
    await expect(startDemoOrigin({ port: Number(new URL(url).port) })).rejects.toThrow(
      /EADDRINUSE/,
    );
  });

  it("keeps corrections in a file, and refuses a file of another schema", async () => {
    const folder = await mkdtemp(join(tmpdir(), "newsroom-"));
    const databasePath = join(folder, "newsroom.db");
    const first = await start({ databasePath });
    first.newsroom.correct("fog-signal-tested", { title: "Kept" });
    await first.stop();
    const second = await start({ databasePath });
    expect((await second.newsroom.article("fog-signal-tested"))?.title).toBe("Kept");
    await second.stop();
    const database = new DatabaseSync(databasePath);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await expect(startDemoOrigin({ databasePath })).rejects.toThrow(/version 99.*Delete the file/);
    await rm(folder, { recursive: true });
  });
});
