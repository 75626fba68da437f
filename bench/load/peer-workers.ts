// The Workers that are compared with Tidemark: the documented example of the Cache API, and Hono's
// cache middleware. Both read the origin's URL from a variable. Also two Workers without a cache.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/**
 * The Worker in Cloudflare's documentation "Using the Cache API", without the `Cache-Control` that
 * it adds.
 */
export const bareWorker = `
  export default {
    async fetch(request, env, ctx) {
      const { pathname, search } = new URL(request.url);
      const cacheKey = new Request(request.url, request);
      const cache = caches.default;
      let response = await cache.match(cacheKey);
      if (!response) {
        response = await fetch(new Request(env.ORIGIN_URL + pathname + search, request));
        response = new Response(response.body, response);
        ctx.waitUntil(cache.put(cacheKey, response.clone()));
      }
      return response;
    },
  };
`;

const honoSource = `
  import { Hono } from "hono";
  import { cache } from "hono/cache";
  const app = new Hono();
  app.get("*", cache({ cacheName: "pages" }));
  app.get("*", (context) => {
    const { pathname, search } = new URL(context.req.url);
    return fetch(new Request(context.env.ORIGIN_URL + pathname + search, context.req.raw));
  });
  export default app;
`;

/** @returns one ES module */
export async function buildHonoWorker(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: honoSource, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
  });
  return outputFiles[0]?.text ?? "";
}

/** Forwards each request to the origin. Shows the cost of any Worker in front of an origin. */
export const passThroughWorker = `
  export default {
    fetch(request, env) {
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(env.ORIGIN_URL + pathname + search, request));
    },
  };
`;

/** Sends the same response to every request. Shows the cost of workerd itself. */
export function constantWorker(
  answer: { readonly status: 200; readonly bodyBytes: number } | { readonly status: 304 },
  fields: Readonly<Record<string, string>>,
): string {
  const body =
    answer.status === 200 ? `new Uint8Array(${answer.bodyBytes}).fill(${"x".charCodeAt(0)})` : null;
  return `
    const body = ${body};
    const init = { status: ${answer.status}, headers: ${JSON.stringify(fields)} };
    export default { fetch: () => new Response(body, init) };
  `;
}
