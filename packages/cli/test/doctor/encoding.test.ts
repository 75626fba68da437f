// Tests that doctor reports a body that is not encoded as its Content-Encoding says. The test needs
// a real server, because `fetch` decodes the body.
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { examinePages } from "../../src/doctor/pages/examine-pages.ts";
import { listening } from "../../../../testing/listening.ts";
import { bareWorld } from "../fakes/fake-world.ts";

const plain = Buffer.from("A plain text, which no decoder accepts as encoded.");

it.each([
  { name: "plain text as br", encoding: "br", body: plain, codes: ["encoding-broken"] },
  { name: "plain text as gzip", encoding: "gzip", body: plain, codes: ["encoding-broken"] },
  { name: "plain text as deflate", encoding: "deflate", body: plain, codes: ["encoding-broken"] },
  { name: "a valid gzip body as gzip", encoding: "gzip", body: gzipSync(plain), codes: [] },
])("doctor reports $codes for a server that sends $name", async ({ encoding, body, codes }) => {
  const server = createServer((_, response) => {
    const cacheStatus = "tidemark; fwd=uri-miss; fwd-status=200; stored";
    response.writeHead(200, { "content-encoding": encoding, "cache-status": cacheStatus });
    response.end(body);
  });
  const { url: site, stop } = await listening(server);
  onTestFinished(stop);
  const asked = {
    site,
    debugToken: undefined,
    origin: undefined,
    isOriginOfSite: false,
    paths: ["/"],
  };
  const { findings } = await examinePages(asked, undefined, { ...bareWorld, fetch });
  expect(findings.map(({ code }) => code)).toEqual(codes);
});
