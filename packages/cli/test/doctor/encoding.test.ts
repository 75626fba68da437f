// A body that is not encoded as its fields say, from a real server: fetch decodes it on the way.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, expect, it } from "vitest";
import { examinePages } from "../../src/doctor/pages/examine-pages.ts";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const plain = Buffer.from("A plain text, which no decoder of any encoding takes for its own.");

it.each([
  { name: "br", encoding: "br", body: plain, codes: ["encoding-broken"] },
  { name: "gzip", encoding: "gzip", body: plain, codes: ["encoding-broken"] },
  { name: "deflate", encoding: "deflate", body: plain, codes: ["encoding-broken"] },
  { name: "gzip that is gzip", encoding: "gzip", body: gzipSync(plain), codes: [] },
])("$name", async ({ encoding, body, codes }) => {
  const server = createServer((_, response) => {
    const cacheStatus = "tidemark; fwd=uri-miss; fwd-status=200; stored";
    response.writeHead(200, { "content-encoding": encoding, "cache-status": cacheStatus });
    response.end(body);
  });
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const asked = {
    site: `http://127.0.0.1:${port}`,
    debugToken: undefined,
    origin: undefined,
    isOriginOfSite: false,
    paths: ["/"],
  };
  const { signal: interrupted } = new AbortController();
  const world = { fetch, interrupted, nowAtMs: Date.now, sleep: () => Promise.resolve() };
  const { findings } = await examinePages(asked, undefined, world);
  expect(findings.map(({ code }) => code)).toEqual(codes);
});
