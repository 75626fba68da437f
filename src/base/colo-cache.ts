// The interface of a Cache API.

/**
 * The options of each request to the Cache API. They take precedence over Cache Rules of the zone from compatibility
 * date 2025-05-19 (https://developers.cloudflare.com/cache/interaction-cloudflare-products/workers-cache-rules/).
 */
export const overridingRules = { cf: { cacheEverything: true } };

/**
 * The part of the Cache API that Tidemark uses: `caches.default` or an equivalent. TypeScript has the
 * type `Cache` only with its DOM library.
 */
export interface ColoCache {
  /** @param request an address, or a request with `overridingRules` */
  readonly match: (request: string | Request) => Promise<Response | undefined>;
  readonly put: (request: string | Request, response: Response) => Promise<void>;
  readonly delete: (request: string) => Promise<boolean>;
  /** Since when nothing that was put is found, in epoch milliseconds; `undefined` or absent if it works. */
  readonly nothingSinceAtMs?: number | undefined;
  /** Whether nothing is stored, and no put is due that would notice a change. */
  readonly isIdle?: boolean;
}
