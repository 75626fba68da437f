// A Worker with OpenNext's caches, configured as its guideline for a large site. It calls OpenNext's
// cache as Next.js does for a `fetch` with a tag: it looks up, loads and stores, and loads a stale
// value again in the background.
import { AsyncLocalStorage } from "node:async_hooks";
import Cache from "@opennextjs/aws/adapters/cache.js";
import cdnInvalidation from "@opennextjs/aws/overrides/cdnInvalidation/dummy.js";
import { runWithOpenNextRequestContext } from "@opennextjs/aws/utils/promise.js";
import r2IncrementalCache from "@opennextjs/cloudflare/overrides/incremental-cache/r2-incremental-cache";
import { withRegionalCache } from "@opennextjs/cloudflare/overrides/incremental-cache/regional-cache";
import doShardedTagCache from "@opennextjs/cloudflare/overrides/tag-cache/do-sharded-tag-cache";

export { DOShardedTagCache } from "@opennextjs/cloudflare/durable-objects/sharded-tag-cache";

const contexts = new AsyncLocalStorage();
Object.defineProperty(globalThis, Symbol.for("__cloudflare-context__"), {
  get: () => contexts.getStore(),
});
Object.assign(globalThis, {
  __openNextAls: new AsyncLocalStorage(),
  openNextConfig: {},
  nextVersion: "16.4.6",
  cdnInvalidationHandler: cdnInvalidation,
});
globalThis.incrementalCache = withRegionalCache(r2IncrementalCache, { mode: "short-lived" });
globalThis.tagCache = doShardedTagCache({ baseShardSize: 12 });
const cache = new Cache();

const revalidate = 3_600;
/** The second argument of `revalidateTag`: `{ expire: 0 }`, and the profile "max". */
const durations = { hard: { expire: 0 }, soft: { expire: 31_536_000 } };

async function loaded(id, env) {
  const body = await (await fetch(`${env.ORIGIN_URL}/${id}`)).text();
  const data = { headers: {}, body, status: 200, url: id };
  await cache.set(id, { kind: "FETCH", data, revalidate }, { fetchCache: true, tags: [id] });
  return body;
}

async function answer(request, env, context) {
  const { pathname, searchParams } = new URL(request.url);
  const id = pathname.slice(1);
  if (request.method === "POST") {
    await cache.revalidateTag([id], durations[searchParams.get("mode")]);
    return new Response("purged");
  }
  const found = await cache.get(id, { kind: "FETCH", tags: [id], softTags: [] });
  if (!found) return new Response(await loaded(id, env));
  const isStale = Date.now() - found.lastModified > revalidate * 1_000;
  if (isStale) context.waitUntil(loaded(id, env));
  return new Response(found.value.data.body);
}

export default {
  fetch: (request, env, context) =>
    contexts.run({ env, ctx: context, cf: request.cf }, () =>
      runWithOpenNextRequestContext({ waitUntil: (work) => context.waitUntil(work) }, () =>
        answer(request, env, context),
      ),
    ),
};
