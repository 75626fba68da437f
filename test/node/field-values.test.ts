// Tests field values that `Headers` accepts and Node's server refuses to write. Without a check,
// the server would throw an uncaught error, and end the process for all clients.
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { createApp } from "../../src/app.ts";
import { tidemark } from "../../src/hono.ts";
import { platformHere } from "../../src/platform/workers.ts";
import { defineConfig } from "../../src/tidemark.ts";
import { context, type NodeSite, serveOnNode } from "../../testing/node/node-site.ts";
import { exchange, rawGet } from "../../testing/node/raw-client.ts";
import { lengthenTimeouts } from "../../testing/patient-timeouts.ts";

const fields = (said: string) => ({
  "cache-control": "max-age=600",
  etag: '"1"',
  "x-said": said,
});

lengthenTimeouts();

let redis: EmbeddedValkey;
let rest: UpstashRestServer;
let site: NodeSite;
const app = new Hono();
app.get("/told", async (c) => c.text("page", 200, fields(c.req.query("said") ?? "")));
app.get("/private", async (c) =>
  c.text("page", 200, { "cache-control": `max-age=600, private, ${c.req.query("said")}` }),
);
app.get("/shared/*", (c) => c.text("from Node", 200, { "cache-control": "max-age=600" }));

beforeAll(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  redis = await startEmbeddedValkey();
  rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
  site = await serveOnNode(tidemark(app, defineConfig({}), { env: env() }).fetch);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await site.stop();
  await rest.stop();
  await redis.stop();
});

const env = () => ({
  UPSTASH_REDIS_REST_URL: rest.url,
  UPSTASH_REDIS_REST_TOKEN: rest.token,
  NAMESPACE: "field-values",
});

async function statuses(path: string): Promise<(number | undefined)[]> {
  const asked: (number | undefined)[] = [];
  const get = rawGet(path, ["Connection: close"]);
  const conditional = rawGet(path, ['If-None-Match: "1"', "Connection: close"]);
  for (const request of [get, get.replace("GET", "HEAD"), conditional, get]) {
    const [reply] = await exchange(site.url, [request]);
    asked.push(reply?.status);
  }
  return asked;
}

describe("a handler that repeats text of its client in a field", () => {
  it.each(["%01", "%7f", "%0b", "a%1fb"])(
    "gets 502 as the answer for the text %s",
    async (said) => {
      expect(await statuses(`/told?said=${said}`)).toEqual([502, 502, 502, 502]);
      expect(await statuses(`/private?said=${said}`)).toEqual([502, 502, 502, 502]);
    },
  );

  it.each(["a%09b", "%e9", "caf%c3%a9", "plain"])(
    "gets its own answer for the text %s",
    async (said) => {
      expect(await statuses(`/told?said=${said}`)).toEqual([200, 200, 304, 200]);
    },
  );
});

describe("a record of a Worker with a text in a field", () => {
  it.each([
    { id: "a-control-character", said: "a\u0001b", body: "from Node" },
    { id: "delete", said: "a\u007fb", body: "from Node" },
    { id: "text", said: "caf\u00e9", body: "from a Worker" },
  ])("is used only if Node can write the field: $id", async ({ id, said, body }) => {
    const path = `/shared/${id}`;
    const origins = { default: () => new Response("from a Worker", { headers: fields(said) }) };
    const host = { ...platformHere(), isServer: false };
    const worker = createApp(defineConfig({}), env(), host, { origins });
    const work: Promise<unknown>[] = [];
    const background = { ...context, waitUntil: (one: Promise<unknown>) => void work.push(one) };
    const asked = await worker.fetch(new Request(`http://site.test${path}`), env(), background);
    expect(await asked.text()).toBe("from a Worker");
    await Promise.all(work);
    for (let nth = 0; nth < 2; nth += 1) {
      const [reply] = await exchange(site.url, [rawGet(path, ["Connection: close"])]);
      expect([reply?.status, reply?.body.toString()]).toEqual([200, body]);
    }
  });
});
