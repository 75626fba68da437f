// Opens a site in two colos over one database, and calls its route for warming.
import type { OperatorAnswer, WarmAnswer } from "../../src/protocol/answers.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { cc, page } from "../fakes/origin-in-process.ts";
import { openPair } from "./counted-looks.ts";
import { read, type Seen, type Site, type SiteOptions } from "./harness.ts";
import { adminToken, bearer } from "./purge-sender.ts";

/**
 * Opens a site. By default, its pages contain the number of the request to the origin, and have a
 * lifetime of ten minutes.
 */
export function openWarmSite(options: SiteOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  clock.advance(300);
  return openPair({
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600")),
    ...options,
    clock,
    env: { ADMIN_TOKEN: adminToken, SITE_HOST: "www.example.com", ...options.env },
  });
}

/**
 * Calls the route once. Does not wait for background work, because the route answers after its
 * stores.
 *
 * @param order an object, or the text of a body
 */
export async function callWarm(site: Site, order: unknown): Promise<Seen> {
  const body = typeof order === "string" ? order : JSON.stringify(order);
  return read(await site.ask("/_cache/warm", { method: "POST", body, headers: bearer }));
}

export function toldOf({ text }: Seen): OperatorAnswer<"warm"> {
  return JSON.parse(text) as OperatorAnswer<"warm">;
}

/** Warms pages with one call. @returns the result of each */
export async function warmed(
  site: Site,
  ...pages: readonly unknown[]
): Promise<readonly WarmAnswer[]> {
  return toldOf(await callWarm(site, { pages })).done;
}
