// Bundles a Worker that answers with values of a data cache, which its module creates.
import { bundledText } from "../bundled-text.ts";

/**
 * Bundles a Worker whose routes answer with JSON. `/get/<key>`, `/forced/<key>` and
 * `/many/<key>,<key>` load missing values, as does `/each/<key>,<key>` with parallel calls, and `/look/<key>` does not. `POST /purge` purges by its
 * body, and `/stats` returns the stats. A loaded value names the colo and the number of its load.
 *
 * @param options the options of the namespace, without braces
 * @returns one ES module
 */
export function bundleData(options: string): Promise<string> {
  const contents = `
    import { env, waitUntil } from "cloudflare:workers";
    import { createDataCache } from "./src/data-cache.ts";
    import { defineConfig } from "./src/tidemark.ts";
    import { upstash } from "./src/upstash.ts";

    const config = defineConfig({ purge: { maxLagSeconds: 3 } });
    const cache = createDataCache(config, { env, waitUntil, stores: upstash() });
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
          if (what === "each") {
            return told(await Promise.all(key.split(",").map((each) => articles.getOrSet(each, load))));
          }
          return told(await articles.getOrSet(key, load, { forceFresh: what === "forced" }));
        } catch (cause) {
          return new Response(String(cause), { status: 500 });
        }
      },
    };
  `;
  return bundledText(contents, { external: ["cloudflare:workers"] });
}
