// A site of the harness, as the network shows it to the command.
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

/** What a user has set who may do all. */
export const operatorEnv = { TIDEMARK_SITE: siteUrl, TIDEMARK_TOKEN: adminToken };

export interface Reached {
  readonly site: Site;
  /** Reaches that site under its address, and nothing else. */
  readonly fetch: typeof fetch;
  /** What was asked, such as `POST /_cache/purge`, without the proof that goes before. */
  readonly asked: string[];
}

/** With a database and an ADMIN_TOKEN. */
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

/** Networks with the real application on them, which proves itself. */
export const realSites = new WeakSet<typeof fetch>();

/** The network, on which there is one site. */
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
