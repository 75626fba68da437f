// What the Workers runtime adds to the platform types that TypeScript brings.

interface RequestInit {
  /** What `request.cf` of the request is. */
  cf?: object | undefined;
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
  readonly cf?: { readonly colo?: string; readonly [name: string]: unknown } | undefined;
}

/** A binding of `[[ratelimits]]`: counts by key, in one colo and for its period. */
interface RateLimit {
  limit(counted: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** A binding of `[[analytics_engine_datasets]]`. */
interface AnalyticsEngineDataset {
  /** Returns at once. One index of 96 bytes, 20 blobs and 20 doubles at most. */
  writeDataPoint(point: {
    readonly indexes: readonly string[];
    readonly blobs: readonly string[];
    readonly doubles: readonly number[];
  }): void;
}
