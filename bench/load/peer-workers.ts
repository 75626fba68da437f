// The Workers that are compared with Tidemark: the documented example of the Cache API, which reads
// the origin's URL from a variable, and two Workers without a cache.

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
