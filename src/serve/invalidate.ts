// What a request of an unsafe method invalidates (RFC 9111 §4.4): its own URI and those that the
// answer names in Location and Content-Location, in this isolate and in the tiers of this colo.
import { LRUCache } from "lru-cache";
import type { StoredMetadata } from "../http/stored-response.ts";
import type { RecordKey } from "../tiers/record-key.ts";
import { keyedAs, type Passed } from "./plan.ts";
import type { Ports } from "./ports.ts";
import { removeStored } from "./store.ts";
import { readTarget } from "./target.ts";

/** RFC 9110 §9.2.1. */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** URLs are the client's to choose, so what is kept of them is bounded in bytes. */
const keptBytesMax = 1_048_576;

/** When this isolate last saw a URL, or a record's key, invalidated: what was under way is old. */
export class Invalidations {
  readonly #atMs = new LRUCache<string, number>({
    maxSize: keptBytesMax,
    sizeCalculation: (_, url) => 64 + 2 * url.length,
  });

  /** @param what a keyed URL, or the text of one record's key */
  add(what: string, atMs: number): void {
    this.#atMs.set(what, atMs);
  }

  covers({ url, requestedAtMs }: StoredMetadata, key: RecordKey | undefined): boolean {
    const ofKey = key && this.#atMs.get(key.text);
    return requestedAtMs <= Math.max(this.#atMs.get(url) ?? -Infinity, ofKey ?? -Infinity);
  }
}

/** Only an answer that is no error invalidates, so that nobody can do so by sending nonsense. */
export function invalidateBy(passed: Passed, response: Response, ports: Ports): void {
  const { request } = passed;
  if (safeMethods.has(request.method) || response.status < 200 || response.status > 399) return;
  const named = ["location", "content-location"].map((name) => response.headers.get(name));
  const urls = [request.url, ...named.filter((url) => url !== null)];
  for (const url of urls) invalidate(url, passed, ports);
}

function invalidate(url: string, passed: Passed, ports: Ports): void {
  const { config, matchRoute, siteHost } = ports;
  const { request, target } = passed;
  if (!URL.canParse(url, request.url)) return;
  const absolute = url === request.url ? url : new URL(url, request.url).href;
  const named = readTarget(absolute, siteHost);
  // RFC 9111 §4.4: what one origin answers must not invalidate another's.
  const hosts = [target.ownHost, target.host];
  const isOurs = named.scheme === target.scheme && hosts.includes(named.ownHost);
  if (!isOurs || named.isAmbiguous) return;
  const { route } = matchRoute(named.path);
  if (route.bypass) return;
  const fields = { ...passed.fields, target: { ...named, ownHost: target.ownHost } };
  const keyed = keyedAs({ fields, route, config });
  ports.invalidations.add(keyed.url, ports.nowAtMs());
  removeStored(keyed.key, ports, hosts);
}
