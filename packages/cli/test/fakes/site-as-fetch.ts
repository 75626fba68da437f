// Creates a `fetch` for the command that reaches a site of the test harness.
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import {
  type AskInit,
  host,
  openSite,
  type Site,
  type SiteOptions,
} from "../../../../testing/site/harness.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";

export const adminToken = "token-of-an-operator";
export const siteUrl = `https://${host}`;

/** The environment variables of a user who has the ADMIN_TOKEN. */
export const operatorEnv = { TIDEMARK_SITE: siteUrl, TIDEMARK_TOKEN: adminToken };

export interface Reached {
  readonly site: Site;
  /** Sends requests to this site, and throws for other origins. */
  readonly fetch: typeof fetch;
  /** The method and path of each request, such as `POST /_cache/purge`, except for proofs. */
  readonly asked: string[];
}

/** Opens a site with a database and an ADMIN_TOKEN. */
export function openReached(options: SiteOptions = {}): Reached {
  const clock = options.clock ?? new FakeClock();
  const upstash = options.upstash ?? new FakeUpstash(clock);
  const site = openSite({
    ...options,
    clock,
    upstash,
    env: { ADMIN_TOKEN: adminToken, ...options.env },
  });
  return { site, ...reaching(site) };
}

/** Functions that reach a real application, which sends its own proofs. Others get fake proofs. */
export const realSites = new WeakSet<typeof fetch>();

/** Returns a `fetch` that reaches only this site, and the list of its requests. */
export function reaching(site: Site): Pick<Reached, "fetch" | "asked"> {
  const asked: string[] = [];
  const reach: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.origin !== siteUrl) throw new TypeError(`There is no ${url.origin} in this test.`);
    if (url.pathname !== "/_cache/proof")
      asked.push(`${init?.method ?? "GET"} ${url.pathname}${url.search}`);
    return site.ask(url.href, init as AskInit);
  };
  realSites.add(reach);
  return { fetch: reach, asked };
}
