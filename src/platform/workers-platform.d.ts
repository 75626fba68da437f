// What the Workers runtime adds to the platform types that TypeScript brings.

interface RequestInit {
  /** `manual`: the body's bytes as the origin encoded them. */
  encodeResponseBody?: "automatic" | "manual";
}

interface ResponseInit {
  /** `manual`: the bytes are encoded already, as Content-Encoding says. */
  encodeBody?: "automatic" | "manual";
}

interface CacheStorage {
  readonly default: Cache;
}

interface Request {
  readonly cf?: { readonly colo?: string };
}

/** A binding of `[[ratelimits]]`: counts by key, in one colo and for its period. */
interface RateLimit {
  limit(counted: { readonly key: string }): Promise<{ readonly success: boolean }>;
}
