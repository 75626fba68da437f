// A user with the site and the ADMIN_TOKEN in their environment, before the real application or a script.
import type { SiteOptions } from "../../../../testing/site/harness.ts";
import { FakeUser, type FakeWorldOptions } from "./fake-world.ts";
import { openReached, operatorEnv } from "./site-as-fetch.ts";

/** The real application, with a database. */
export async function operatorAt(options: SiteOptions = {}) {
  const reached = openReached(options);
  return { ...reached, user: await operatorOf(reached.fetch) };
}

/** A site that answers as `reach` does. */
export const operatorOf = (reach: typeof fetch, more: FakeWorldOptions = {}) =>
  FakeUser.at({ fetch: reach, env: operatorEnv, ...more });

/** A site that gives the same JSON to every request. */
export const operatorTold = (answer: unknown, status = 200) =>
  operatorOf(async () => Response.json(answer, { status }));

/** A page that is fresh for ten minutes. */
export const pageTagged = (tag = "a") => ({
  origin: () =>
    new Response("page", { headers: { "cache-control": "max-age=600", "cache-tag": tag } }),
});
