// Extensions of the Workers runtime to TypeScript's platform types.

interface RequestInit {
  /** Sets `request.cf` of the request. */
  cf?: object | undefined;
  /** `manual`: the body is not decoded. */
  encodeResponseBody?: "automatic" | "manual";
}

/** Creates two connected sockets. */
declare const WebSocketPair: new () => { readonly 0: WebSocket; readonly 1: WebSocket };

interface WebSocket {
  /** Begins to deliver messages. */
  accept(): void;
}

interface Response {
  /** The socket of an answer with status 101. */
  readonly webSocket?: WebSocket | null;
}

interface ResponseInit {
  webSocket?: WebSocket | null;
  /** `manual`: the body is already encoded as Content-Encoding states. */
  encodeBody?: "automatic" | "manual";
}

interface CacheStorage {
  readonly default: Cache;
}

interface Request {
  readonly cf?: { readonly colo?: string; readonly [name: string]: unknown } | undefined;
}

/** A binding of `[[ratelimits]]`, which counts calls by key, per colo and period. */
interface RateLimit {
  limit(counted: { readonly key: string }): Promise<{ readonly success: boolean }>;
}
