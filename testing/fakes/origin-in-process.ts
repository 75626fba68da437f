// An origin in this process that answers by a test's script, and records its requests.

interface OriginAsked {
  readonly method: string;
  /** The path and query as they arrived. */
  readonly path: string;
  readonly url: string;
  readonly fields: Headers;
  /** The settings that `fetch` received. */
  readonly settings: Readonly<
    Record<"cache" | "redirect" | "encodeResponseBody" | "host", unknown>
  >;
}

/** @param nth 1 for the first request */
export type Script = (request: Request, nth: number) => Response | Promise<Response>;

export class OriginInProcess {
  readonly asked: OriginAsked[] = [];
  script: Script;
  readonly #held = new Set<Request>();

  constructor(script: Script) {
    this.script = script;
  }

  get count(): number {
    return this.asked.length;
  }

  get last(): OriginAsked {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("The origin got no request.");
    return last;
  }

  readonly fetch = async (
    url: string,
    init: RequestInit & { host?: string | undefined },
  ): Promise<Response> => {
    // Node accepts a streamed body only with a member that the Workers runtime lacks.
    const request = new Request(url, { ...init, duplex: "half" } as RequestInit);
    // Hold the request, because Node holds it only weakly. Node never aborts the signal of a
    // request that was garbage-collected.
    this.#held.add(request);
    const { pathname, search } = new URL(url);
    const { cache, redirect, encodeResponseBody, host } = init;
    this.asked.push({
      method: request.method,
      url,
      path: pathname + search,
      fields: new Headers(request.headers),
      settings: { cache, redirect, encodeResponseBody, host },
    });
    try {
      return await this.script(request, this.count);
    } finally {
      this.#held.delete(request);
    }
  };
}

export type FieldTexts = Readonly<Record<string, string>>;

/** Returns an HTML response with these fields. */
export function page(text: string, fields: FieldTexts = {}, status = 200): Response {
  return new Response(text, { status, headers: { "content-type": "text/html", ...fields } });
}

export function cc(cacheControl: string, more: FieldTexts = {}): FieldTexts {
  return { "cache-control": cacheControl, ...more };
}

export function unchanged(fields: FieldTexts = {}): Response {
  return new Response(null, { status: 304, headers: fields });
}

/**
 * Returns a response whose `Cache-Tag` throws when it is read, to simulate a fault of the product.
 */
export function unreadable(): Response {
  const response = page("page", cc("max-age=300"));
  const { headers } = response;
  const read = headers.get.bind(headers);
  headers.get = (name) => {
    if (name === "cache-tag") throw new RangeError("token s3cret of https://origin.invalid");
    return read(name);
  };
  return response;
}

/** Throws like `fetch` to a port without a listener, with the address in the message. */
export function unreachable(): never {
  throw new TypeError("fetch failed: connect ECONNREFUSED origin.invalid, token s3cret");
}

/** Returns a promise that never resolves, and rejects when the caller aborts. */
export function never(request: Request): Promise<Response> {
  return new Promise((_, reject) => {
    request.signal.addEventListener("abort", () => reject(request.signal.reason as Error));
  });
}

/** Returns a body with these chunks, which then ends or fails. */
export function chunked(
  chunks: readonly string[],
  end: "ends" | "breaks" = "ends",
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...chunks];
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) controller.enqueue(new TextEncoder().encode(chunk));
      else if (end === "ends") controller.close();
      else controller.error(new TypeError("The connection was lost."));
    },
  });
}

export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function closedGate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}
