// Bundles a Worker that answers with an application's data, from a cache that its module creates.
import { bundled, root } from "../../local/bundling.ts";

/**
 * Bundles a Worker with these routes. `GET /get/<key>`, `/forced/<key>`, `/many/<key>,<key>`: the
 * returned values as JSON. `POST /purge`: a purge with its body. `/stats`. A loaded value names the
 * colo and the number of its loads there.
 *
 * @param options the options of the namespace, without braces
 * @returns one ES module
 */
export function bundleData(options: string): Promise<string> {
  const contents = `
    import { env, waitUntil } from "cloudflare:workers";
    import { createDataCache } from "./src/data-cache.ts";
    import { defineConfig } from "./src/tidemark.ts";

    const config = defineConfig({ purge: { maxLagSeconds: 3 } });
    const cache = createDataCache(config, { env, waitUntil });
    const articles = cache.namespace("articles", { ${options} });
    let loads = 0;
    const load = async ({ tags }) => {
      tags("red");
      const nth = (loads += 1);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { by: env.COLO, nth, at: new Date(5), big: 5n, bytes: new Uint8Array([1, 2]) };
    };
    const many = async (keys, { of }) => new Map(await Promise.all(keys.map(async (key) => [key, await load(of(key))])));
    const told = (value) =>
      new Response(JSON.stringify(value ?? null, (_, member) => {
        if (typeof member === "bigint") return String(member) + "n";
        return member instanceof Uint8Array ? [...member] : member;
      }));
    export default {
      async fetch(request) {
        const [, what, key] = new URL(request.url).pathname.split("/");
        try {
          if (what === "purge") return told(await cache.purge(await request.json()));
          if (what === "stats") return told(cache.stats());
          if (what === "look") return told(await articles.get(key));
          if (what === "many") {
            const { values } = await articles.getOrSetMany(key.split(","), many);
            return told([...values]);
          }
          return told(await articles.getOrSet(key, load, { forceFresh: what === "forced" }));
        } catch (cause) {
          return new Response(String(cause), { status: 500 });
        }
      },
    };
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "data.js", loader: "js" } as const;
  return bundled({ stdin, external: ["cloudflare:workers"] });
}

/**
 * Bundles a Hono application behind the cache, with data beside its pages. `GET /page` returns the
 * value of `word` in `c.var.cache`, which each colo loads once; both have the tag `red`. `/value`
 * is never stored as a page.
 */
export function bundleBeside(): Promise<string> {
  const contents = `
    import { waitUntil } from "cloudflare:workers";
    import { Hono } from "hono";
    import { createDataCache } from "./src/data-cache.ts";
    import { tidemark, withCache } from "./src/hono.ts";
    import { defineConfig } from "./src/tidemark.ts";

    const config = defineConfig({ purge: { maxLagSeconds: 3 } });
    const data = createDataCache(config, { waitUntil });
    const words = data.namespace("words", { fresh: "10m", tags: ["red"] });
    let loads = 0;
    const app = new Hono();
    app.use(withCache);
    app.get("/page", (c) => c.text("page", 200, { "cache-tag": "red", "cache-control": "max-age=600" }));
    app.get("/value", async (c) => {
      const value = await words.getOrSet("word", () => "load " + (loads += 1));
      return c.text(value, 200, { "cache-control": "no-store", "same": String(c.var.cache === data) });
    });
    export default tidemark(app, config, { data });
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "beside.js", loader: "js" } as const;
  return bundled({ stdin, external: ["cloudflare:workers"] });
}
