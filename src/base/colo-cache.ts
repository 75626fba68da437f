// The interface of a Cache API.

/**
 * The part of the Cache API that Tidemark uses: `caches.default` or an equivalent. TypeScript has the
 * type `Cache` only with its DOM library.
 */
export interface ColoCache {
  readonly match: (request: string | Request) => Promise<Response | undefined>;
  readonly put: (request: string | Request, response: Response) => Promise<void>;
  readonly delete: (request: string) => Promise<boolean>;
  /** Since when nothing that was put is found, in epoch milliseconds; `undefined` or absent if it works. */
  readonly nothingSinceAtMs?: number | undefined;
  /** Whether nothing is stored, and no put is due that would notice a change. */
  readonly isIdle?: boolean;
}
