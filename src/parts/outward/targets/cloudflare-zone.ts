// Purges a Cloudflare zone: POST /zones/{zone}/purge_cache.
import { jsonIn } from "../../../base/json-text.ts";
import { jsonCall, type OutwardCall } from "../delivery/call.ts";
import {
  checkOptions,
  makeTarget,
  type TargetOptions,
  chunks,
  isVisibleTag,
} from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";
import type { PathPrefix, Selection } from "../delivery/selection.ts";

export interface CloudflareZoneOptions extends TargetOptions {
  /** The id of the zone. */
  readonly zone: string;
  /** The plan of the zone, which decides the rate limits. */
  readonly plan: "free" | "pro" | "business" | "enterprise";
}

/**
 * Cloudflare's limits, in requests per second. They apply to an account, so zones that Tidemark does
 * not know share them. Purges by URL have a limit of their own, in URLs per second.
 */
const plans = {
  free: { requests: { burst: 25, perSecond: 5 / 60 }, urlsPerSecond: 800, urlsPerCall: 100 },
  pro: { requests: { burst: 25, perSecond: 5 }, urlsPerSecond: 1_500, urlsPerCall: 100 },
  business: { requests: { burst: 50, perSecond: 10 }, urlsPerSecond: 1_500, urlsPerCall: 100 },
  enterprise: { requests: { burst: 500, perSecond: 50 }, urlsPerSecond: 3_000, urlsPerCall: 500 },
};
const itemsPerCall = 100;

/**
 * Makes a target for a Cloudflare zone. The credential is an API token with the permission
 * `Zone, Cache Purge` for this zone.
 *
 * @example
 * outward({ edge: cloudflareZone({ zone: "023e105f4ecef8ad9ca31a8372d0c353", plan: "free" }) })
 */
export function cloudflareZone(options: CloudflareZoneOptions): OutwardTarget {
  const { zone, plan } = options;
  checkOptions("cloudflareZone", options, [
    !/^[0-9a-f]{32}$/.test(zone) && "zone is not the id of a zone, which has 32 hex digits.",
    !Object.hasOwn(plans, plan) && 'plan is not "free", "pro", "business" or "enterprise".',
  ]);
  const { requests, urlsPerSecond, urlsPerCall } = plans[plan];
  const base = `https://api.cloudflare.com/client/v4/zones/${zone}`;
  return makeTarget(options, {
    credential: { noun: "API token" },
    api: (token) => ({
      reach: { url: "exact", prefix: "directory", host: true, tag: isVisibleTag },
      limits: { requests, urls: { burst: urlsPerSecond, perSecond: urlsPerSecond } },
      softens: true,
      callsFor(selection, mode) {
        if (selection.everything)
          return [callOf({ purge_everything: true }, `${base}/purge_cache`)];
        const url = `${base}/${mode === "soft" ? "invalidate_cache" : "purge_cache"}`;
        return bodiesOf(selection, urlsPerCall).map((body) => callOf(body, url));
      },
      sign: async (call) => ({
        ...call,
        headers: { ...call.headers, authorization: `Bearer ${token}` },
      }),
      readAnswer: async (status, text) =>
        status < 300 && !hasSucceeded(jsonIn(await text())) ? "refused" : undefined,
    }),
  });
}

type Body = Readonly<Record<string, readonly string[] | boolean>>;

function bodiesOf(
  { urls, prefixes, hosts, tags }: Selection,
  urlsPerCall: number,
): readonly Body[] {
  return [
    ...chunks(urls.flatMap(bothSchemes), urlsPerCall).map((files) => ({ files })),
    ...chunks(tags, itemsPerCall).map((some) => ({ tags: some })),
    ...chunks([...new Set(prefixes.map(prefixText))], itemsPerCall).map((some) => ({
      prefixes: some,
    })),
    ...chunks(hosts, itemsPerCall).map((some) => ({ hosts: some })),
  ];
}

/** Cloudflare stores a page separately for each scheme. */
function bothSchemes(url: string): readonly string[] {
  const rest = url.slice(url.indexOf(":"));
  return [`https${rest}`, `http${rest}`];
}

/** A prefix has no scheme, and covers its path with and without a slash. */
const prefixText = ({ host, path }: PathPrefix) => `${host}${path.replace(/\/$/, "")}`;

function callOf(body: Body, url: string): OutwardCall {
  const { files } = body;
  const tokens = Array.isArray(files) ? { urls: files.length } : { requests: 1 };
  return jsonCall(url, body, tokens);
}

/** Cloudflare may answer 200 with `success: false`. */
function hasSucceeded(answer: unknown): boolean {
  return (
    typeof answer === "object" && answer !== null && "success" in answer && answer.success === true
  );
}
