// `@hono/node-server` replaces `Response` with a class that keeps the fields object it gets, and gives
// bodies without `Content-Type` a type. A field of one response must not appear on others.
import { createServer } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { afterEach, describe, expect, it } from "vitest";
import { Running } from "../../../local/running.ts";
import { inProcess } from "../../../src/node-stores.ts";
import { defineConfig } from "../../../src/tidemark.ts";
import { createWorker } from "../../../src/worker.ts";
import { listening } from "../../../testing/listening.ts";
import { context, serveOnNode } from "../../../testing/node/node-site.ts";

let running = new Running();
afterEach(async () => {
  await running.stop();
  running = new Running();
});

async function originUrl(answer: Parameters<typeof createServer>[1]): Promise<string> {
  return (await running.add(listening(createServer(answer)))).url;
}

/** @param around code that sets fields of each client on the cache's responses, or replaces them */
async function siteUrl(
  origin: string,
  around?: (who: string, response: Response) => Response | void,
) {
  const config = defineConfig({ routes: [{ name: "all", match: "*" }] });
  const worker = createWorker(config, { stores: inProcess() });
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.all("*", async (c) => {
    const response = await worker.fetch(c.req.raw, { ORIGIN_URL: origin }, context, c.env);
    return around?.(c.req.header("x-who") ?? "", response) ?? response;
  });
  const { url } = await running.add(serveOnNode(app.fetch));
  return `${url}/a`;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const get = (url: string, who: string, { method = "GET", headers = {} }: Asked = {}) =>
  fetch(url, { method, headers: { "x-who": who, ...headers } });

it.each<{ id: string; init: Asked }>([
  { id: "whole", init: {} },
  { id: "head", init: { method: "HEAD" } },
  { id: "304", init: { headers: { "if-none-match": '"1"' } } },
  { id: "part", init: { headers: { range: "bytes=0-1" } } },
])("sends a field that code around the cache sets to one client only: $id", async ({ init }) => {
  const origin = await originUrl((_, response) => {
    response.writeHead(200, { "cache-control": "max-age=60", etag: '"1"' }).end("page");
  });
  const url = await siteUrl(origin, (who, { headers }) => {
    headers.append("set-cookie", `session=${who}`);
  });
  const cookies: string[][] = [];
  for (const who of ["ann", "bob", "carol"]) {
    const response = await get(url, who, init);
    await response.arrayBuffer();
    cookies.push(response.headers.getSetCookie());
  }
  expect(cookies).toEqual([["session=ann"], ["session=bob"], ["session=carol"]]);
});

it("sends a private field of a 304 only to the client whose request got it", async () => {
  let count = 0;
  const origin = await originUrl((_, response) => {
    count += 1;
    const fields = {
      "cache-control": `public, max-age=${count === 1 ? 0 : 60}, private="x-visitor"`,
      etag: '"1"',
      "x-visitor": `visitor ${count}`,
    };
    response.writeHead(count === 1 ? 200 : 304, fields).end(count === 1 ? "page" : undefined);
  });
  const url = await siteUrl(origin);
  const seen: (string | null)[] = [];
  for (const who of ["ann", "bob", "carol"]) {
    const response = await get(url, who);
    expect(await response.text()).toBe("page");
    seen.push(response.headers.get("x-visitor"));
  }
  expect(seen).toEqual(["visitor 1", "visitor 2", null]);
});

describe("an answer without Content-Type", () => {
  const lifetime = { "cache-control": "max-age=60" };
  const untyped: Parameters<typeof createServer>[1] = ({ url }, response) => {
    response.writeHead(url === "/gone" ? 410 : 200, url === "/unstored" ? {} : lifetime);
    if (url === "/chunks") response.write("<!doctype ");
    response.end(url === "/empty" ? "" : "html>");
  };
  const typeOf = async (url: string, method: string) => {
    const response = await get(url, "", { method });
    await response.arrayBuffer();
    return response.headers.get("content-type");
  };

  it.each(["a", "chunks", "empty", "gone", "unstored"])(
    "gets no type, for GET or HEAD: %s",
    async (path) => {
      const url = new URL(path, await siteUrl(await originUrl(untyped))).href;
      const types = [];
      for (const method of ["GET", "GET", "HEAD"]) types.push(await typeOf(url, method));
      expect(types).toEqual([null, null, null]);
    },
  );

  it("keeps a type that code around the cache sets", async () => {
    const url = await siteUrl(await originUrl(untyped), (_, { headers }) =>
      headers.set("content-type", "text/plain; charset=UTF-8"),
    );
    expect(await typeOf(url, "GET")).toBe("text/plain; charset=UTF-8");
  });

  it.each([undefined, { "x-a": "1" }])(
    "leaves its own type to an answer in its place: %o",
    async (fields) => {
      const headers = new Headers({ "content-type": "text/plain; charset=UTF-8", ...fields });
      const url = await siteUrl(await originUrl(untyped), () => new Response("mine", { headers }));
      expect(await typeOf(url, "GET")).toBe("text/plain; charset=UTF-8");
    },
  );
});
