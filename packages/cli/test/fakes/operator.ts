// Users whose environment names the site and its ADMIN_TOKEN. The site is the real application or a
// script.
import type { SiteOptions } from "../../../../testing/site/harness.ts";
import { FakeUser, type FakeWorldOptions } from "./fake-world.ts";
import { openReached, operatorEnv } from "./site-as-fetch.ts";

/** Opens the real application with a database, and returns it with its user. */
export async function operatorAt(options: SiteOptions = {}) {
  const reached = openReached(options);
  return { ...reached, user: await operatorOf(reached.fetch) };
}

/** Returns a user whose network is `reach`. */
export const operatorOf = (reach: typeof fetch, more: FakeWorldOptions = {}) =>
  FakeUser.at({ fetch: reach, env: operatorEnv, ...more });

/** Returns a user of a site that answers every request with the same JSON. */
export const operatorTold = (answer: unknown, status = 200) =>
  operatorOf(async () => Response.json(answer, { status }));

/** Returns an origin whose page has one tag, and is fresh for ten minutes. */
export const pageTagged = (tag = "a") => ({
  origin: () =>
    new Response("page", { headers: { "cache-control": "max-age=600", "cache-tag": tag } }),
});
