// The fields by which Tidemark stores an answer, and the purge of its tags.
import { createPurger } from "tidemark/purger";

/** Lets Tidemark store an answer under its tags. Browsers, which no purge reaches, ask each time. */
export const shared = (...tags) => ({
  "cdn-cache-control": "max-age=300, stale-while-revalidate=3600",
  "cache-control": "no-cache",
  "cache-tag": tags.join(","),
});

/** Resolves once the purge is accepted. On Workers, the site calls itself by a service binding. */
export async function purge(platform, ...tags) {
  // `vite dev` has no cache.
  if (import.meta.env.DEV) return;
  const { PURGE_URL: url, PURGE_SECRET: secret } = process.env;
  const site = platform?.env?.SITE;
  const fetch = site && ((to, init) => site.fetch(to, init));
  await createPurger({ url, secret, fetch }).purge({ tags });
}
