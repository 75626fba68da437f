// The caches between Tidemark and an origin that name themselves in an answer, and the functions of
// `tidemark/outward` that purge them.

interface CacheBelow {
  readonly name: string;
  /** The fields, one of which shows that this cache has answered. */
  readonly shownBy: readonly (readonly [field: string, pattern: RegExp])[];
  /** The function that makes its outward target; absent if there is none. */
  readonly target?: string;
}

const known: readonly CacheBelow[] = [
  {
    name: "Cloudflare",
    // Cloudflare also sends DYNAMIC and BYPASS for what it does not store.
    shownBy: [["cf-cache-status", /^(?:hit|stale|updating|revalidated)$/i]],
    target: "cloudflareZone",
  },
  {
    name: "CloudFront",
    shownBy: [
      ["x-cache", /cloudfront/i],
      ["via", /cloudfront/i],
    ],
    target: "cloudFront",
  },
  { name: "Fastly", shownBy: [["x-served-by", /\bcache-/i]], target: "fastly" },
  { name: "Akamai", shownBy: [["x-cache", /akamai/i]], target: "akamai" },
  { name: "bunny.net", shownBy: [["server", /bunnycdn/i]], target: "bunny" },
  {
    name: "Varnish",
    shownBy: [
      ["x-varnish", /\d/],
      ["via", /varnish/i],
    ],
    target: "purgeRequests",
  },
  { name: "Google Cloud CDN", shownBy: [["via", /\b1\.1 google\b/i]] },
  { name: "Vercel", shownBy: [["x-vercel-cache", /hit|stale|prerender/i]] },
  {
    name: "another Tidemark",
    shownBy: [["cache-status", /\btidemark\b/i]],
    target: "tidemarkSite",
  },
];

/** Returns the names of the caches, in a fixed order; an empty name if none is known. */
export function cachesNamedIn(fields: Pick<Headers, "get">): readonly string[] {
  const shown = ({ shownBy }: CacheBelow) =>
    shownBy.some(([field, pattern]) => pattern.test(fields.get(field) ?? ""));
  const names = known.filter(shown).map(({ name }) => name);
  // Fastly runs Varnish, and says so in `Via`.
  const own = names.includes("Fastly") ? names.filter((name) => name !== "Varnish") : names;
  return own.length === 0 ? [""] : own;
}

/** Returns the function that makes the outward target of a cache; `undefined` if there is none. */
export function outwardTargetOf(name: string): string | undefined {
  return known.find((one) => one.name === name)?.target;
}
