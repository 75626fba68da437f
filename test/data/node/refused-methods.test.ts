// Tests on Node that no client gets back what Tidemark adds to a request, such as a key of the origin.
// Needs parts: fallback.
import { fallback } from "../../../src/parts/fallback/fallback.ts";
import { Hono } from "hono";
import { afterEach, expect, it } from "vitest";
import { type NodeSite, serveOnNode, startNodeSite } from "../../../testing/node/node-site.ts";
import { exchange, rawGet } from "../../../testing/node/raw-client.ts";
import { type RawOrigin, startRawOrigin } from "../../../testing/node/raw-origin.ts";
import { tidemark } from "../../../src/hono.ts";
import { defineConfig } from "../../../src/tidemark.ts";
import { nodeFetch } from "../../../src/platform/node-fetch.ts";
import type { WrittenConfig } from "../../../src/config/written.ts";
import type { WrittenRoute } from "../../../src/config/written-route.ts";

let site: NodeSite | undefined;
let origin: RawOrigin | undefined;
afterEach(async () => {
  await site?.stop();
  await origin?.stop();
});

/** Answers TRACE as Apache does by default: with the request as it arrived (RFC 9110 §9.3.8). */
const startReflecting = () =>
  startRawOrigin((request) => {
    const body = request.startsWith("TRACE") ? request : "page";
    const length = `Content-Length: ${Buffer.byteLength(body)}`;
    return { bytes: Buffer.from(`HTTP/1.1 200 OK\r\n${length}\r\n\r\n${body}`) };
  });

const trace = (lines: readonly string[] = []) =>
  rawGet("/a", ["Connection: close", ...lines]).replace("GET", "TRACE");

const request = { headers: { set: { "X-Origin-Key": "s3cret" } } };
const of = (route: Partial<WrittenRoute>): WrittenConfig => ({
  routes: [{ name: "all", match: "*", request, ...route }],
});

it.each<{ id: string; config?: WrittenConfig; isBinding?: boolean; lines?: readonly string[] }>([
  { id: "an origin with a URL" },
  { id: "a binding", isBinding: true },
  { id: "a route that bypasses", config: of({ bypass: true }) },
  {
    id: "a fallback origin",
    config: {
      ...of({ use: [fallback("mirror")] }),
      origins: { mirror: { binding: "MIRROR" } },
    },
  },
  { id: "the last hop of Max-Forwards", lines: ["Max-Forwards: 1"] },
  { id: "an upgrade", lines: ["Connection: upgrade", "Upgrade: websocket"] },
  { id: "a debug request", lines: ["Tidemark-Debug: 1"] },
])("TRACE gets 501, and is not sent to $id", async ({ config, isBinding, lines }) => {
  origin = await startReflecting();
  const binding = { fetch: nodeFetch };
  const env = { ORIGIN_URL: origin.url, MIRROR: binding };
  site = await startNodeSite(config ?? of({}), isBinding ? { ...env, ORIGIN: binding } : env);
  const [reply] = await exchange(site.url, [trace(lines)]);
  expect([reply?.status, origin.seen]).toEqual([501, []]);
  expect(reply?.body.toString()).not.toContain("s3cret");
});

it("TRACE gets 501 from a handler, although no Request can have this method", async () => {
  site = await serveOnNode(tidemark(new Hono(), defineConfig({}), { env: {} }).fetch);
  const [reply] = await exchange(site.url, [trace()]);
  expect([reply?.status, reply?.fields.get("proxy-status")]).toEqual([
    501,
    "tidemark; error=http_request_denied",
  ]);
});
