// Configures the cache of pages, and purges them. The entries for Node and Workers add the stores.
import { appendResponseHeader, setResponseHeader } from "@tanstack/react-start/server";
import { defineConfig } from "tidemark";
import { createDataCache } from "tidemark/data";
import { release } from "tidemark/release";

export const config = defineConfig({
  operatorPath: "/_edge",
  routes: [
    { name: "personal", match: "/account/*", bypass: true },
    {
      name: "functions",
      match: "/_serverFn/*",
      forward: [],
      key: { headers: ["x-tsr-serverfn", "sec-fetch-site"] },
    },
    // Files of older builds stay for tabs that are open.
    { name: "assets", match: "/assets/*", fresh: "365d", use: [release("keep")], forward: [] },
    { name: "pages", match: "*", forward: [] },
  ],
});

export const data = createDataCache(config);

/** Lets Tidemark store the page, or the answer of the server function, with these tags. */
export function shared(...tags: string[]): void {
  appendResponseHeader("Cache-Tag", tags);
  setResponseHeader("CDN-Cache-Control", "max-age=300, stale-while-revalidate=3600");
}

/** Purges what has one of these tags. `vite dev` stores nothing. */
export async function purge(...tags: string[]): Promise<void> {
  if (!import.meta.env.DEV) await data.purge({ tags });
}
