// Purges pages and data by tags. The data cache and the pages each follow the journal by themselves, so each is
// told: then both follow in this isolate at once, and everywhere within the five seconds of the configuration.
import { env } from "cloudflare:workers";
import type { Context } from "hono";
import { cache } from "./cache.ts";

/** Asks the site itself, through the cache, as a client would. */
export type AskSite = (url: URL, init: RequestInit, c: Context) => Promise<Response>;

/** @throws if the journal does not take it: older pages may go on answering */
export async function purge(tags: readonly string[], askSite: AskSite, c: Context): Promise<void> {
  await cache.purge({ tags, reason: "the editor" });
  const headers = { Authorization: `Bearer ${env.ADMIN_TOKEN}` };
  const init = { method: "POST", headers, body: JSON.stringify({ tags }) };
  const { status } = await askSite(new URL("/_cache/purge", c.req.url), init, c);
  if (status !== 200) throw new Error(`The purge of the pages was answered with ${status}.`);
}
