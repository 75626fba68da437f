// The caches between Tidemark and an origin that name themselves in an answer, and the functions of
// `tidemark/outward` that purge them.

/** One of the fields shows that the cache has answered. `target` makes its outward target. */
interface CacheBelow {
  readonly fields: Readonly<Record<string, RegExp>>;
  readonly target?: string;
}

const known: Readonly<Record<string, CacheBelow>> = {
  Cloudflare: {
    // Cloudflare also sends DYNAMIC and BYPASS for what it does not store.
    fields: { "cf-cache-status": /^(?:hit|stale|updating|revalidated)$/i },
    target: "cloudflareZone",
  },
  CloudFront: { fields: { "x-cache": /cloudfront/i, via: /cloudfront/i } },
  Fastly: { fields: { "x-served-by": /\bcache-/i }, target: "fastly" },
  Akamai: { fields: { "x-cache": /akamai/i } },
  "bunny.net": { fields: { server: /bunnycdn/i } },
  Varnish: { fields: { "x-varnish": /\d/, via: /varnish/i }, target: "purgeRequests" },
  "Google Cloud CDN": { fields: { via: /\b1\.1 google\b/i } },
  Vercel: { fields: { "x-vercel-cache": /hit|stale|prerender/i } },
  "another Tidemark": { fields: { "cache-status": /\btidemark\b/i }, target: "tidemarkSite" },
};

/** Returns the names of the caches, in a fixed order; an empty name if none is known. */
export function cachesNamedIn(headers: Pick<Headers, "get">): readonly string[] {
  const names = Object.entries(known).flatMap(([name, { fields }]) =>
    Object.entries(fields).some(([field, shown]) => shown.test(headers.get(field) ?? ""))
      ? name
      : [],
  );
  // Fastly runs Varnish, and says so in `Via`.
  const own = names.includes("Fastly") ? names.filter((name) => name !== "Varnish") : names;
  return own.length === 0 ? [""] : own;
}

/** Returns the function that makes the outward target of a cache; `undefined` if there is none. */
export function outwardTargetOf(name: string): string | undefined {
  return known[name]?.target;
}
