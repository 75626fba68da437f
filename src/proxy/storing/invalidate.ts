// What an answer to a request of an unsafe method invalidates: the request's own URI, those that the
// answer names in Location and Content-Location (RFC 9111 §4.4), and the groups that it names in
// Cache-Group-Invalidation (RFC 9875 §3). In this isolate and colo at once; on routes that ask for
// it, everywhere by way of the purge journal.
import type { Config } from "../../config/config.ts";
import { groupsIn } from "../../rules/cache-groups.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import {
  comparedTag,
  coverable,
  groupTag,
  hostTag,
  routeTag,
  urlTag,
} from "../../purge/journal/purge-target.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { WidenableTarget } from "../../purge/acceptance/bounded-targets.ts";
import { keyUrl } from "../request/key.ts";
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import { keyedAs, type Passed } from "../request/plan.ts";
import type { Need } from "../reuse/need.ts";
import { removeStored, type RemovePorts } from "./in-tiers.ts";
import type { JoinedPurges } from "../../purge/acceptance/joined-purges.ts";
import type { MatchRoute } from "../request/routes.ts";
import { pathAndQuery, readTarget } from "../request/target.ts";

/** RFC 9110 §9.2.1. */
const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** Does a request ask for nothing to be changed? */
export function isSafe({ method }: Request): boolean {
  return safeMethods.has(method);
}

/** When this isolate last saw a tag, or a record's key, invalidated: what was under way is old. */
export class Invalidations {
  readonly #atMs = new BoundedMarks<number>();

  /** @param what a tag in the journal's own form, or the text of one record's key */
  add(what: string, atMs: number): void {
    this.#atMs.set(what, atMs);
  }

  /** @returns whether the response was asked for before its key, or a tag of it, was invalidated */
  covers(stored: StoredMetadata, key: RecordKey | undefined): boolean {
    if (this.#atMs.size === 0) return false;
    return this.#covers(stored, key, (what) => this.#atMs.get(what));
  }

  /** What `covers` would say, without counting as a use of what is known. */
  peek(stored: StoredMetadata, key: RecordKey | undefined): boolean {
    return this.#covers(stored, key, (what) => this.#atMs.peek(what));
  }

  #covers(
    stored: StoredMetadata,
    key: RecordKey | undefined,
    atMsOf: (what: string) => number | undefined,
  ): boolean {
    const isOld = (what: string) => stored.requestedAtMs <= (atMsOf(what) ?? -Infinity);
    return coverable(stored).tags.some(isOld) || (key !== undefined && isOld(key.text));
  }
}

/** What an answer invalidates with. */
export type InvalidatePorts = RemovePorts & {
  readonly config: Config;
  readonly matchRoute: MatchRoute;
  /** The hosts that all others count as; empty for each its own. */
  readonly siteHosts: readonly string[];
  /** Takes what is invalidated into the purge journal; `undefined` without one. */
  readonly joinedPurges: Pick<JoinedPurges, "add"> | undefined;
};

/** A request, and the record of what becomes of it. */
interface Invalidating extends Pick<Need<InvalidatePorts>, "decision" | "ports"> {
  readonly passed: Passed;
}

/** Only an answer that is no error invalidates, so that nobody can do so by sending nonsense. */
export function invalidateBy(response: Response, given: Invalidating): void {
  const { passed, ports } = given;
  const { request, route } = passed;
  if (isSafe(request) || response.status < 200 || response.status > 399) return;
  const named = ["location", "content-location"].map((name) => response.headers.get(name));
  const urls = [sentUrl(passed), ...named.filter((url) => url !== null)];
  const pages = urls.flatMap((url) => invalidate(url, given) ?? []);
  if (route.invalidate === "here") return;
  const targets = [...pages, ...invalidateGroups(response, given)];
  ports.joinedPurges?.add(targets, { atMs: ports.nowAtMs(), afterAnswer: ports.afterAnswer });
}

/** By the scheme and host at which its client sent it, which a proxy may have told. */
function sentUrl({ target }: Passed): string {
  return `${target.scheme}://${target.ownHost}${pathAndQuery(target)}`;
}

/** @returns what purges it everywhere; `undefined` for what is not stored, or not this origin's */
function invalidate(url: string, given: Invalidating): WidenableTarget | undefined {
  const { passed, ports } = given;
  const { config, matchRoute, siteHosts } = ports;
  const { request, target, address } = passed;
  const base = sentUrl(passed);
  if (!URL.canParse(url, base)) return undefined;
  const absolute = url === base ? url : new URL(url, base).href;
  const named = readTarget(absolute, siteHosts);
  // RFC 9111 §4.4: what one origin answers must not invalidate another's.
  const hosts = [target.ownHost, target.host];
  const isOurs = named.scheme === target.scheme && hosts.includes(named.ownHost);
  if (!isOurs || named.isAmbiguous) return undefined;
  const { route } = matchRoute(named);
  if (route.bypass) return undefined;
  const keyed = keyUrl({ ...named, ownHost: target.ownHost }, route, config);
  const { key } = keyedAs(request, { keyed, route }, { config, address });
  const exact = urlTag(keyed.url);
  ports.invalidations.add(comparedTag(exact), ports.nowAtMs());
  removeStored(key, given, hosts);
  return { exact, wider: routeTag(route.name) };
}

/** RFC 9875 §2.1, §3: the groups that it names, as its own origin knows them. */
function invalidateGroups(
  response: Response,
  { passed: { target }, ports }: Invalidating,
): readonly WidenableTarget[] {
  const origin = `${target.scheme}://${target.host}`;
  return groupsIn(response.headers.get("cache-group-invalidation")).map((group) => {
    const exact = groupTag({ origin, group });
    ports.invalidations.add(exact, ports.nowAtMs());
    return { exact, wider: hostTag(target.host) };
  });
}
