import { createPurger } from "tidemark/purger";

/** Resolves once the purge is accepted. On Workers, the site calls itself by a service binding. */
export async function purgeTags(event, ...tags) {
  // `nuxt dev` has no cache.
  if (import.meta.dev) return;
  const { PURGE_URL: url, PURGE_SECRET: secret } = process.env;
  const site = event.context.cloudflare?.env.SITE;
  const fetch = site && ((to, init) => site.fetch(to, init));
  await createPurger({ url, secret, fetch }).purge({ tags });
}
