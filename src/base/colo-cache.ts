// The interface of a Cache API.

/**
 * The part of the Cache API that Tidemark uses: `caches.default` or an equivalent. TypeScript has the
 * type `Cache` only with its DOM library.
 */
export interface ColoCache {
  readonly match: (request: string | Request) => Promise<Response | undefined>;
  readonly put: (request: string, response: Response) => Promise<void>;
  readonly delete: (request: string) => Promise<boolean>;
}
