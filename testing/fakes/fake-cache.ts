// A fake of one colo's Cache API. It supports copied bodies, `max-age` by the test's clock,
// If-None-Match with one entity tag, the ranges that the edge tier requests, and the rejections of
// the platform. It does not support eviction, Vary and other ranges.
import type { FakeClock } from "./fake-clock.ts";

/** Cloudflare documents this limit for the fields of a response in its cache. */
export const fieldBytesMax = 16_384;

/** Returns the size of the fields as HTTP/1.1 sends them. */
export const fieldBytes = (fields: Iterable<readonly [name: string, value: string]>): number =>
  [...fields].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);

interface Kept {
  readonly body: ArrayBuffer;
  readonly headers: Headers;
  readonly untilAtMs: number;
}

/** One object of a cache, as plain data. */
export interface KeptInCache {
  readonly address: string;
  readonly bodyBase64: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly untilAtMs: number;
}

export class FakeCache implements Pick<Cache, "match" | "put" | "delete"> {
  readonly #clock: Pick<FakeClock, "atMs">;
  readonly #kept = new Map<string, Kept>();
  /**
   * `throws`: every call fails at once. `forgets`: accepts objects without reading or storing them.
   * `silent`: no call ever ends.
   */
  mode: "works" | "throws" | "forgets" | "silent" = "works";
  /** The number of all calls, including those that never end. */
  calls = 0;
  /** Delays each put, for example with a gate. */
  beforePut: () => Promise<void> = () => Promise.resolve();
  /** The number of puts, except those of the purge view. */
  puts = 0;
  matches = 0;
  journalPuts = 0;
  journalMatches = 0;
  /** Whether the cache answers ranges; otherwise it sends the whole body. */
  knowsRanges = true;
  /** The number of bodies returned. */
  bodiesOpened = 0;
  /** The number of returned bodies that were neither read nor cancelled. */
  openBodies = 0;
  /** The number of bytes read from returned bodies. */
  bytesOpened = 0;

  constructor(clock: Pick<FakeClock, "atMs">) {
    this.#clock = clock;
  }

  get addresses(): string[] {
    return [...this.#kept.keys()];
  }

  /** The field values of all objects as one string. */
  get text(): string {
    return [...this.#kept.values()].map(({ headers }) => [...headers].join("\n")).join("\n");
  }

  get kept(): KeptInCache[] {
    return Array.from(this.#kept, ([address, { body, headers, untilAtMs }]) => {
      const bodyBase64 = Buffer.from(body).toString("base64");
      return { address, bodyBase64, fields: [...headers], untilAtMs };
    });
  }

  /** Replaces the content. */
  lay(kept: readonly KeptInCache[]): void {
    this.empty();
    for (const { address, bodyBase64, fields, untilAtMs } of kept) {
      const body = new Uint8Array(Buffer.from(bodyBase64, "base64")).buffer;
      const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
      this.#kept.set(address, { body, headers, untilAtMs });
    }
  }

  removeExpired(): void {
    for (const [address, { untilAtMs }] of this.#kept) {
      if (this.#clock.atMs >= untilAtMs) this.#kept.delete(address);
    }
  }

  empty(): void {
    this.#kept.clear();
  }

  async match(request: RequestInfo | URL): Promise<Response | undefined> {
    if (this.#isSilent()) await new Promise(() => undefined);
    if (isOfJournal(request)) this.journalMatches += 1;
    else this.matches += 1;
    const kept = this.#kept.get(addressOf(request));
    if (kept === undefined || this.#clock.atMs >= kept.untilAtMs) return undefined;
    if (isKnown(request, kept)) return new Response(null, { status: 304, headers: kept.headers });
    if (kept.body.byteLength === 0) return new Response(null, { headers: kept.headers });
    const [, first, last] = (this.knowsRanges && rangeIn(request)) || [];
    const bytes = new Uint8Array(kept.body);
    if (first === undefined) return new Response(this.#counted(bytes), { headers: kept.headers });
    if (Number(first) >= bytes.length) return new Response("", { status: 416 });
    const part = bytes.subarray(Number(first), Number(last) + 1);
    const headers = new Headers(kept.headers);
    headers.set("content-range", `bytes ${first}-${last}/${bytes.length}`);
    headers.set("content-length", String(part.length));
    return new Response(this.#counted(part), { status: 206, headers });
  }

  #counted(bytes: Uint8Array): ReadableStream<Uint8Array> {
    this.bodiesOpened += 1;
    this.bytesOpened += bytes.length;
    this.openBodies += 1;
    const close = () => void (this.openBodies -= 1);
    return new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(bytes.slice());
          controller.close();
          close();
        },
        cancel: close,
      },
      { highWaterMark: 0 },
    );
  }

  async put(request: RequestInfo | URL, response: Response): Promise<void> {
    if (this.#isSilent()) await new Promise(() => undefined);
    if (isOfJournal(request)) this.journalPuts += 1;
    else this.puts += 1;
    if (this.mode === "forgets") return;
    if (response.headers.has("set-cookie"))
      throw new TypeError("The Cache API rejects a response with Set-Cookie.");
    if (response.headers.has("vary")) throw new TypeError("The fake does not support Vary.");
    if (fieldBytes(response.headers) > fieldBytesMax)
      throw new TypeError("The Cache API guarantees only 16 KB of fields.");
    if (response.status === 206)
      throw new TypeError("The Cache API rejects a response with status 206.");
    const [, maxAge] = /max-age=(\d+)/.exec(response.headers.get("cache-control") ?? "") ?? [];
    const body = await response.arrayBuffer();
    await this.beforePut();
    const untilAtMs = this.#clock.atMs + Number(maxAge ?? 0) * 1_000;
    this.#kept.set(addressOf(request), { body, headers: new Headers(response.headers), untilAtMs });
  }

  async delete(request: RequestInfo | URL): Promise<boolean> {
    if (this.#isSilent()) await new Promise(() => undefined);
    return this.#kept.delete(addressOf(request));
  }

  #isSilent(): boolean {
    this.calls += 1;
    if (this.mode === "throws") throw new Error("The cache does not answer.");
    return this.mode === "silent";
  }
}

/** Returns whether the request's only entity tag matches. */
function isKnown(request: RequestInfo | URL, { headers }: Kept): boolean {
  const asked = request instanceof Request ? request.headers.get("if-none-match") : null;
  return asked !== null && asked === headers.get("etag");
}

function rangeIn(request: RequestInfo | URL): RegExpExecArray | null {
  const asked = request instanceof Request ? request.headers.get("range") : null;
  return /^bytes=(\d+)-(\d+)$/.exec(asked ?? "");
}

function isOfJournal(request: RequestInfo | URL): boolean {
  return addressOf(request).includes("/_cache/journal/");
}

function addressOf(request: RequestInfo | URL): string {
  return request instanceof Request ? request.url : String(request);
}
