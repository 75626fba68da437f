// A site that accepts the dialect of Varnish, whose pages state their tags as the clients do.
import { varnish, type VarnishOptions } from "../../../src/parts/hooks/hooks.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import {
  openSite,
  read,
  type Seen,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";

export const senderAddress = "203.0.113.7";
export const varnishToken = "k3mQ8vRz2nLw7xTc5yBp";
const pageFields = { "cache-control": "max-age=600", "content-type": "text/html" };

interface VarnishSiteOptions extends SiteOptions {
  readonly dialect?: VarnishOptions;
}

export function openVarnishSite(options: VarnishSiteOptions = {}): {
  site: Site;
  upstash: UnsteadyUpstash;
} {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const { dialect = { addresses: [senderAddress] }, config } = options;
  const origin = ({ url }: Request) => {
    const tags = new URL(url).searchParams;
    return new Response("page", { headers: { ...pageFields, ...Object.fromEntries(tags) } });
  };
  const parts = [varnish(dialect)];
  const site = openSite({ upstash, clock, origin, ...options, config: { ...config, parts } });
  return { site, upstash };
}

/** Sends a purge request, without waiting for background work. */
export async function sendAsVarnishClient(
  site: Site,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const from = { "cf-connecting-ip": senderAddress, ...headers };
  return read(await site.ask(path, { method, headers: from }));
}

/** Requests pages, and returns those that a tier answered. */
export async function hitsOf(site: Site, paths: readonly string[]): Promise<string[]> {
  const hits: string[] = [];
  for (const path of paths) {
    if ((await site.get(path)).cacheStatus.includes("; hit")) hits.push(path);
  }
  return hits;
}
