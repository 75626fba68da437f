// A site whose operator warms it: two colos over one database, and the calls of the route.
import type { OperatorAnswer, WarmAnswer } from "../../src/protocol/answers.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { cc, page } from "../fakes/origin-in-process.ts";
import { openColos, read, type Seen, type Site, type SiteOptions } from "./harness.ts";
import { adminToken, bearer } from "./purge-sender.ts";

/** Pages that tell which request brought them, and live for ten minutes unless set otherwise. */
export function openWarmSite(options: SiteOptions = {}) {
  const clock = options.clock ?? new FakeClock();
  clock.advance(300);
  const upstash = options.upstash ?? new FakeUpstash(clock);
  const [near, far] = openColos(2, {
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600")),
    ...options,
    clock,
    upstash,
    env: { ADMIN_TOKEN: adminToken, SITE_HOST: "www.example.com", ...options.env },
  });
  return { clock, upstash, near: near!, far: far! };
}

/**
 * One call of the route. What goes on behind the answer is not waited for: all is stored by then.
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

/** Warms pages by one call. @returns what became of each */
export async function warmed(
  site: Site,
  ...pages: readonly unknown[]
): Promise<readonly WarmAnswer[]> {
  return toldOf(await callWarm(site, { pages })).done;
}
