// Token buckets, which keep requests within a target's rate limits. The buckets are part of the
// target's stored state, so all isolates share them.

/** A rate limit. A full bucket has `burst` tokens. */
interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

export type Buckets = Readonly<Record<string, Bucket>>;
export type RateLimits = Readonly<Record<string, RateLimit>>;

/** Tokens by the name of their limit. */
export type Tokens = Readonly<Record<string, number>>;

/** Takes tokens. Returns the new buckets, or `undefined` if one of them has too few. */
export function taken(
  buckets: Buckets,
  limits: RateLimits,
  wanted: Tokens,
  atMs: number,
): Buckets | undefined {
  const next: Record<string, Bucket> = {};
  for (const [name, limit] of Object.entries(limits)) {
    const left = tokensIn(buckets[name], limit, atMs) - (wanted[name] ?? 0);
    if (left < 0) return undefined;
    next[name] = { tokens: left, atMs };
  }
  return next;
}

/** Returns whether full buckets have the tokens. */
export function couldTake(limits: RateLimits, wanted: Tokens): boolean {
  return Object.entries(wanted).every(
    ([name, count]) => count <= (limits[name]?.burst ?? Infinity),
  );
}

/** Clocks of isolates may differ by this. Beyond that, a clock was set back, and a bucket counts as full. */
const clocksApartMsMax = 60_000;

function tokensIn(bucket: Bucket | undefined, { burst, perSecond }: RateLimit, atMs: number) {
  if (bucket === undefined || bucket.atMs - atMs > clocksApartMsMax) return burst;
  const refilled = (perSecond * Math.max(0, atMs - bucket.atMs)) / 1_000;
  return Math.min(burst, bucket.tokens + refilled);
}
