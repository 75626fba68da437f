// Tests on workerd that a page has the tags of the values that its handler reads, however it writes the body.
import { expect, it } from "vitest";
import { bundledText } from "../../testing/bundled-text.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const worker = await bundledText(
  `
  import { Hono } from "hono";
  import { stream } from "hono/streaming";
  import { createDataCache } from "./src/data-cache.ts";
  import { tidemark, withCache } from "./src/hono.ts";
  import { defineConfig } from "./src/tidemark.ts";
  import { upstash } from "./src/upstash.ts";
  const titles = new Map();
  const config = defineConfig({});
  const data = createDataCache(config);
  const articles = data.namespace("articles", { fresh: "10m" });
  const title = (id) => articles.getOrSet(id, async () => titles.get(id) ?? "Tides");
  const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const bytes = async (id) => new TextEncoder().encode(await title(id));
  const app = new Hono();
  app.use(withCache);
  app.use(async (c, next) => {
    await next();
    if (c.req.method === "GET") c.res.headers.set("cache-control", "max-age=600");
  });
  app.get("/before-the-head/:id", async (c) => c.text(await title(c.req.param("id"))));
  app.get("/pulled/:id", (c) => new Response(new ReadableStream({
    async pull(controller) {
      controller.enqueue(await bytes(c.req.param("id")));
      controller.close();
    },
  }, { highWaterMark: 0 })));
  app.get("/streamed/:id", (c) => stream(c, async (out) => {
    await later(50);
    await out.write(await bytes(c.req.param("id")));
  }));
  app.get("/piped/:id", (c) => {
    const { readable, writable } = new TransformStream();
    const write = async () => {
      const writer = writable.getWriter();
      await later(50);
      await writer.write(await bytes(c.req.param("id")));
      await writer.close();
    };
    c.executionCtx.waitUntil(write());
    return new Response(readable);
  });
  app.get("/transformed/:id", (c) => {
    const source = new Blob(["x"]).stream();
    const change = { transform: async (_, to) => to.enqueue(await bytes(c.req.param("id"))) };
    return new Response(source.pipeThrough(new TransformStream(change)));
  });
  app.post("/:id", async (c) => {
    titles.set(c.req.param("id"), await c.req.text());
    await articles.delete(c.req.param("id"));
    return c.text("Purged.");
  });
  export default tidemark(app, config, { data, stores: upstash() });
`,
  { external: ["cloudflare:workers"] },
);
const { url } = await worldOfFile((_, response) => void response.end(), { worker });

it.each(["before-the-head", "pulled", "streamed", "piped", "transformed"])(
  "a page whose value is read %s",
  async (way) => {
    const read = async () => {
      const response = await fetch(`${url}/${way}/${way}`);
      const isHit = (response.headers.get("cache-status") ?? "").includes("; hit");
      return [isHit, await response.text()];
    };
    expect(await read()).toEqual([false, "Tides"]);
    await expect.poll(read).toEqual([true, "Tides"]);
    await fetch(`${url}/${way}`, { method: "POST", body: "Lakes" });
    expect(await read()).toEqual([false, "Lakes"]);
    await expect.poll(read).toEqual([true, "Lakes"]);
  },
);
