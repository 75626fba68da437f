// Tests field values that `Headers` accepts and Node's server refuses to write. Without a check,
// the server would throw an uncaught error, and end the process for all clients. Also tests that
// octets of fields stay the same.
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { createApp } from "../../../src/app.ts";
import { upstash } from "../../../src/upstash.ts";
import { tidemark } from "../../../src/hono.ts";
import { platformHere } from "../../../src/platform/workers.ts";
import { defineConfig } from "../../../src/tidemark.ts";
import {
  context,
  type NodeSite,
  serveOnNode,
  startNodeSite,
} from "../../../testing/node/node-site.ts";
import { exchange, rawGet } from "../../../testing/node/raw-client.ts";
import { startRawOrigin } from "../../../testing/node/raw-origin.ts";
import { lengthenTimeouts } from "../../../testing/patient-timeouts.ts";

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
  site = await serveOnNode(
    tidemark(app, defineConfig({}), { env: env(), stores: upstash() }).fetch,
  );
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
    const worker = createApp(defineConfig({}), env(), host, { origins, stores: upstash() });
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

describe("the octets of a field that is not UTF-8 stay the same", () => {
  const closing = "Connection: close";

  /** Answers each request with these lines and its number, or a 304 to a conditional request. */
  const startNumbered = (lines: (nth: number) => string) => {
    let count = 0;
    return startRawOrigin((request) => {
      count += 1;
      const isKnown = /^if-none-match:/im.test(request);
      const status = isKnown ? "304 Not Modified" : "200 OK\r\nContent-Length: 1";
      const head = `HTTP/1.1 ${status}\r\nCache-Control: public, max-age=600\r\n${lines(count)}`;
      return { bytes: `${head}\r\n\r\n${isKnown ? "" : count}` };
    });
  };

  it.each(["Content-Disposition", "Location", "Link", "X-Any", "ETag"])(
    "in an answer of the origin, of memory and of Redis: %s",
    async (name) => {
      const origin = await startNumbered(() => `${name}: caf\xe9`);
      const variables = {
        ...env(),
        NAMESPACE: `octets-${name.toLowerCase()}`,
        ORIGIN_URL: origin.url,
      };
      const sites = [await startNodeSite({}, variables), await startNodeSite({}, variables)];
      const seen: unknown[] = [];
      const ask = async (at: NodeSite, request = rawGet("/a", [closing])) => {
        const [reply] = await exchange(at.url, [request]);
        seen.push([reply?.fields.get(name.toLowerCase()), reply?.body.toString()]);
      };
      try {
        rest.resetCounts();
        await ask(sites[0]!);
        await ask(sites[0]!);
        await ask(sites[0]!, rawGet("/a", [closing]).replace("GET", "HEAD"));
        const isWritten = () => Object.keys(rest.counts().recordCommandCountByName).join();
        await vi.waitFor(() => expect(isWritten()).toMatch(/set|eval/i));
        await ask(sites[1]!);
        await ask(sites[1]!, rawGet("/b", [closing]).replace("GET", "OPTIONS"));
        expect(seen).toEqual(["1", "1", "", "1", "2"].map((body) => ["caf\xe9", body]));
      } finally {
        for (const one of sites) await one.stop();
        await origin.stop();
      }
    },
  );

  it("in a 304, and in a request field that selects a variant", async () => {
    const origin = await startNumbered(
      (nth) => `Cache-Control: no-cache\r\nVary: X-Name\r\nETag: "1"\r\nX-Any: caf\xe9 ${nth}`,
    );
    const own = await startNodeSite({}, { ORIGIN_URL: origin.url });
    try {
      const seen: unknown[] = [];
      for (const name of ["M\xfcller", "M\xf6ller", "M\xfcller"]) {
        const [reply] = await exchange(own.url, [rawGet("/a", [`X-Name: ${name}`, closing])]);
        seen.push([reply?.body.toString(), reply?.fields.get("x-any")]);
      }
      expect(seen).toEqual([
        ["1", "caf\xe9 1"],
        ["2", "caf\xe9 2"],
        ["1", "caf\xe9 3"],
      ]);
      expect(origin.seen.at(-1)).toMatch(/^x-name: M\xfcller\r$/im);
    } finally {
      await own.stop();
      await origin.stop();
    }
  });
});
