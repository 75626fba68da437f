// Tests that bodies keep the origin's content coding in each tier, and through the public port of
// the runtime simulator.
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { storesSettled } from "../../testing/worker/world.ts";
import { beginJournal, type WorldOfFile, worldOfFile } from "../../testing/worker/world-of-file.ts";

const plain = Buffer.from("A page in words that repeat, repeat, repeat. ".repeat(200));
const bodies: Readonly<Record<string, Buffer>> = {
  identity: plain,
  gzip: gzipSync(plain),
  br: brotliCompressSync(plain),
  zstd: zstdCompressSync(plain),
};

const world: WorldOfFile = await worldOfFile(
  (request, response) => {
    const coding = /(\w+)(?:\?|$)/.exec(request.url ?? "")?.[1] ?? "";
    const encoded = coding === "identity" ? {} : { "content-encoding": coding };
    // The link contains the origin's own address, which Tidemark rewrites without changing the
    // body.
    const link = `<${world.origin.url}/next>; rel=next`;
    response.writeHead(200, { "cache-control": "max-age=600", link, ...encoded });
    response.end(bodies[coding]);
  },
  {
    config: `{ routes: [
      { name: "edge", match: "/edge/*", tiers: ["edge"] },
      { name: "shared", match: "/shared/*", tiers: ["shared"] },
      { name: "memory", match: "/memory/*", tiers: ["memory"] },
    ] }`,
  },
);
await beginJournal(world);
const { colo, url } = world;

const rows = ["memory", "edge", "shared"].flatMap((tier) =>
  Object.keys(bodies).map((coding) => ({ tier, coding })),
);

describe("the body and Content-Encoding of a response", () => {
  it.each(rows)("are the same as the origin's: $coding, from $tier", async ({ tier, coding }) => {
    const path = `/${tier}/${coding}`;
    const sent = { headers: { "accept-encoding": "gzip, br, zstd" } };
    const first = await rawRequest(url, path, sent);
    await storesSettled(colo);
    const second = await rawRequest(url, path, sent);
    expect(cacheStatusOf(second)).toMatch(new RegExp(`hit; ttl=\\d+; detail=${tier}$`));
    for (const answer of [first, second]) {
      expect(answer.headers["content-encoding"]).toBe(coding === "identity" ? undefined : coding);
      expect(answer.headers["link"]).toBe("<http://site.test/next>; rel=next");
      expect(answer.body.equals(bodies[coding]!)).toBe(true);
    }
  });

  it.each(Object.keys(bodies))("are correct at the simulator's public port: %s", async (coding) => {
    const response = await fetch(`${colo.publicUrl}/edge/${coding}?public`);
    expect(Buffer.from(await response.arrayBuffer()).equals(plain)).toBe(true);
    await storesSettled(colo);
    const again = await fetch(`${colo.publicUrl}/edge/${coding}?public`);
    expect(again.headers.get("cache-status")).toMatch(/detail=edge/);
    expect(Buffer.from(await again.arrayBuffer()).equals(plain)).toBe(true);
  });
});
