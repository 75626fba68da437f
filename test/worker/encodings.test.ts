// Tests that bodies keep the origin's content coding in each tier, and through the public port of
// the runtime simulator. Also tests on workerd and on Node that shared dictionaries are only for bypassed requests.
import type { IncomingMessage, ServerResponse } from "node:http";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { startNodeSite } from "../../testing/node/node-site.ts";
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

/** The head of a body in dcb (RFC 9842 §4), and bytes that nothing can decode. */
const delta = Buffer.from([0xff, 0x44, 0x43, 0x42, 0xfe, 0x81, 0, 0x0a]);
const declaration = 'match="/*"';

function answerByDictionary({ headers }: IncomingMessage, response: ServerResponse): void {
  const isHeld = headers["available-dictionary"] !== undefined;
  response.writeHead(200, {
    "cache-control": "max-age=600",
    "use-as-dictionary": declaration,
    vary: "accept-encoding, available-dictionary",
    ...(isHeld && { "content-encoding": "dcb" }),
  });
  response.end(isHeld ? delta : plain);
}

const routes = [{ name: "app", match: "/app/*", bypass: true }];
const world: WorldOfFile = await worldOfFile(
  (request, response) => {
    if (request.url?.endsWith("/page")) return answerByDictionary(request, response);
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
      ...${JSON.stringify(routes)},
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

const onNode = await startNodeSite({ routes }, { ORIGIN_URL: world.origin.url });
afterAll(() => onNode.stop());

describe.each([
  { runtime: "workerd", base: url },
  { runtime: "Node", base: onNode.url },
])("on $runtime, a shared dictionary", ({ runtime, base }) => {
  const holding = (nth: number) => ({
    headers: {
      "accept-encoding": "gzip, br, zstd, dcb, dcz",
      "available-dictionary": `:${String(nth).padStart(43, "A")}=:`,
      "dictionary-id": `"${nth}"`,
      // Fields of the same kind, which select nothing either.
      "x-hostname": `${nth}.example`,
      range: "bytes=5-2",
    },
  });

  it("selects no stored response, and is not declared", async () => {
    const path = `/${runtime}/page`;
    for (let nth = 0; nth < 12; nth += 1) {
      const answer = await rawRequest(base, path, holding(nth));
      expect([answer.status, answer.body.equals(plain)]).toEqual([200, true]);
      expect(answer.headers).not.toHaveProperty("use-as-dictionary");
    }
    expect(world.origin.count(path)).toBe(1);
    const { headers } = world.origin.seen.find((request) => request.url === path) ?? {};
    expect(headers?.["accept-encoding"]).toBe("br, gzip");
    for (const name of ["available-dictionary", "dictionary-id", "x-hostname", "range"]) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it("works between a client and the origin on a route that bypasses", async () => {
    const { headers, body } = await rawRequest(base, "/app/page", holding(1));
    expect([headers["content-encoding"], headers["use-as-dictionary"]]).toEqual([
      "dcb",
      declaration,
    ]);
    expect(body.equals(delta)).toBe(true);
  });
});
