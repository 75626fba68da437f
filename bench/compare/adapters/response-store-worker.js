// A Worker with @cloudflare/workers-response-store, as its README's setup with a single Worker.
import { createWorkersResponseStore } from "@cloudflare/workers-response-store";

const render = (request, env) => fetch(env.ORIGIN_URL + new URL(request.url).pathname);

const responseStore = createWorkersResponseStore({
  regenerate: (input, { env }) => render(input.request, env),
});

export const { CacheMetadata, ResponseStoreRevalidator, ResponseStoreBinding } =
  responseStore.entrypoints;

const isMiss = (response) =>
  response.status === 404 && response.headers.get("X-Workers-Response-Store") === "MISS";

export default {
  async fetch(request, env) {
    if (request.method === "POST") {
      await responseStore.purge({ tags: [new URL(request.url).pathname.slice(1)] });
      return new Response("purged");
    }
    const cacheRequest = new Request(request.url);
    const cached = await responseStore.fetch(cacheRequest);
    if (!isMiss(cached)) return cached;
    const response = await render(request, env);
    await responseStore.put(cacheRequest, response.clone(), {
      revalidator: { id: "page", args: [] },
    });
    return response;
  },
};
