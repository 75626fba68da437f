// The pages that a purge probe purges and reads: a canary, or pages of the site.
import { keyUrl } from "../../routing/key.ts";
import type { UrlRead } from "../../routing/url-reader.ts";
import type { Site } from "../../pages/site/site.ts";
import type { PurgeOrder } from "../../protocol/purge-order.ts";
import { canaryTag, type PurgeTargets, urlTag, userTag } from "../../purge/journal/purge-target.ts";
import { inNeutralContext } from "../../base/neutral-context.ts";
import { patiently } from "../../base/timeouts.ts";
import type { Decision, Outcome } from "../../observe/decision.ts";
import { serve } from "../../pages/serve.ts";
import type { Context } from "../../pages/site/exchange.ts";
import type { AdminSettings } from "../../admin/admin-settings.ts";

/** The scheme and the host of the keys of a request. */
export interface ProbedHost {
  readonly scheme: string;
  readonly host: string;
}

/** A page to read, with the site by which it is read. */
export interface ProbedPage {
  /** The path, for operators. */
  readonly path: string;
  readonly url: string;
  readonly read: UrlRead;
  readonly site: Site;
}

/** The lifetime of a canary exceeds any interval of probes. */
const canaryFields = { "cache-control": "public, max-age=604800", "cache-tag": canaryTag };

/** The pages of a site. Without paths, one canary below the operator's path. */
export class ProbedPages {
  readonly #site: Site;
  readonly #paths: readonly string[];
  readonly #canarySite: Site;

  constructor(site: Site, paths: readonly string[]) {
    // No client causes these requests, so no limit of a client applies.
    this.#site = { ...site, clientLimit: undefined };
    this.#paths = paths;
    const fetchOrigin = async () => new Response("canary", { headers: canaryFields });
    this.#canarySite = { ...this.#site, fetchOrigin };
  }

  /** Returns the pages under the keys of the host at which a request arrived. */
  at({ scheme, host }: ProbedHost): readonly ProbedPage[] {
    if (!this.hasPaths) return [this.#canaryAt(`${scheme}://${host}`)];
    return this.#paths.map((path) => this.#pageAt(`${scheme}://${this.#host}${path}`, path));
  }

  get #host(): string {
    return this.#site.siteHosts[0] ?? "";
  }

  #pageAt(url: string, path: string): ProbedPage {
    const site = this.#site;
    return { path, url, read: site.readUrl({ url, method: "GET" }), site };
  }

  /** The canary has the rules of a page without a route, and an origin in this isolate. */
  #canaryAt(origin: string): ProbedPage {
    const { config } = this.#site;
    const path = `${config.operatorPath}/canary`;
    const { read, ...page } = this.#pageAt(origin + path, path);
    const route = { ...config.anywhere, name: "canary", origin: "canary" };
    const own = { isReserved: false, route, otherwise: undefined, prefix: "", parameters: {} };
    const keyed = keyUrl(read.target, route, this.#site);
    return { ...page, read: { ...read, ...own, keyed }, site: this.#canarySite };
  }

  get hasPaths(): boolean {
    return this.#paths.length > 0;
  }

  /** The first path that no page of the site can have. */
  get reservedPath(): string | undefined {
    const isReserved = (path: string) =>
      this.#pageAt(`https://any.invalid${path}`, path).read.isReserved;
    return this.#paths.find(isReserved);
  }

  /** The names of the pages for `POST /_cache/purge`. */
  get order(): PurgeOrder {
    if (!this.hasPaths) return { tags: [canaryTag] };
    return { urls: this.#urls };
  }

  get targets(): PurgeTargets {
    if (!this.hasPaths) return { tags: [userTag(canaryTag)], prefixes: [] };
    const keyed = this.#urls.map((url) => this.#pageAt(url, "").read.keyed.url);
    return { tags: keyed.map(urlTag), prefixes: [] };
  }

  /** Keys contain the scheme, and isolates read pages by the scheme of their own clients. */
  get #urls(): readonly string[] {
    return this.#paths.flatMap((path) =>
      ["https", "http"].map((scheme) => `${scheme}://${this.#host}${path}`),
    );
  }
}

/**
 * The version that answered. `stored`: a stored response, which was requested at `versionAtMs`.
 * `fetched`: the origin's response to this read or a concurrent one, if it was stored. `unknown`: an
 * error, an answer that is marked as unverified, or a response that was not stored, which proves
 * nothing about purges.
 */
type ReadVersion =
  | { readonly kind: "stored"; readonly versionAtMs: number }
  | { readonly kind: "fetched" | "unknown" };

/** @property atMs the arrival of the read, in epoch milliseconds */
export type PageRead = ReadVersion & { readonly atMs: number };

/** The time until a body has ended, and until the decision of an answered request is complete. */
const settleMsMax = 15_000;

const proving: ReadonlySet<string | undefined> = new Set<Outcome>([
  "hit",
  "stale-hit",
  "collapsed",
  "validated",
  "stored",
]);

/**
 * Reads a page through all steps of a request, for no client, even if the page bypasses the cache. Rejects
 * only for faults of the code.
 */
export function readPage(page: ProbedPage, context: Context): Promise<PageRead> {
  return inNeutralContext(() => readFor(page, { ...context, caller: undefined }));
}

async function readFor(page: ProbedPage, context: Context): Promise<PageRead> {
  const { url, read, site } = page;
  const atMs = site.nowAtMs();
  const headers = { ...read.route.neutralFields, "accept-encoding": "gzip, br" };
  const { promise: settling, resolve } = Promise.withResolvers<Decision>();
  const sampled = {
    settled: (decision: Decision) => void (decision.isRefresh || resolve(decision)),
  };
  const answer = await serve(new Request(url, { headers }), read, { ...context, site, sampled });
  await drained(answer);
  const decision = await patiently(settling, settleMsMax);
  return { atMs, ...versionIn(decision) };
}

/** Reads a body to its end. Cancels one that does not end in time, such as a stream of events. */
async function drained({ body }: Response): Promise<void> {
  const late = new AbortController();
  const reading = body?.pipeTo(new WritableStream(), { signal: late.signal });
  await patiently(Promise.resolve(reading), settleMsMax);
  late.abort();
}

function versionIn(decision: Decision | "timed-out" | "abandoned"): ReadVersion {
  if (typeof decision === "string" || decision.unverified) return { kind: "unknown" };
  const { outcome, requestedAtMs: versionAtMs } = decision;
  if (!proving.has(outcome)) return { kind: "unknown" };
  return versionAtMs === undefined ? { kind: "fetched" } : { kind: "stored", versionAtMs };
}

export type ProbeWorker = Pick<AdminSettings, "cache" | "site" | "contextFor">;
