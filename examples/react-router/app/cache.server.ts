// Configures the cache of pages, and purges them. The entries in `server/` add the stores.
import { createContext, type MiddlewareFunction, type RouterContextProvider } from "react-router";
import { defineConfig } from "tidemark";
import { createDataCache } from "tidemark/data";
import { release } from "tidemark/release";

export const config = defineConfig({
  operatorPath: "/_edge",
  routes: [
    { name: "personal", match: ["/account/*", "/account.data"], bypass: true },
    // Files of older builds stay for tabs that are open.
    { name: "assets", match: "/assets/*", fresh: "365d", use: [release("keep")], forward: [] },
    { name: "pages", match: "*", forward: [] },
  ],
});

export const data = createDataCache(config);

const tagsOfPage = createContext<Set<string>>();

/** Called by a loader: lets Tidemark store the page, with these tags. */
export function shared(context: Readonly<RouterContextProvider>, ...tags: string[]): void {
  for (const tag of tags) context.get(tagsOfPage).add(tag);
}

/** Middleware of the root: sends the tags of all loaders of a page, or of its `.data`. */
export const withTags: MiddlewareFunction<Response> = async ({ context }, next) => {
  const tags = new Set<string>();
  context.set(tagsOfPage, tags);
  const response = await next();
  if (tags.size === 0 || response.status !== 200) return response;
  const page = new Response(response.body, response);
  page.headers.set("Cache-Tag", [...tags].join(","));
  page.headers.set("CDN-Cache-Control", "max-age=300, stale-while-revalidate=3600");
  return page;
};

/** Purges what has one of these tags. `react-router dev` stores nothing. */
export async function purge(...tags: string[]): Promise<void> {
  if (!import.meta.env.DEV) await data.purge({ tags });
}
