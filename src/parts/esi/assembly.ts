// One page that is put together for one client: its fragments, and what all of them may cost.
import { CutBody } from "../../base/byte-streams.ts";
import { cancelBody } from "../../base/cancel-body.ts";
import { within } from "../../base/timeouts.ts";
import { smallBodyBytesMax } from "../../cache/tiers/tier.ts";
import type { Route } from "../../config/config.ts";
import { ClientEnd, openBytePipe } from "../../bodies/client-end.ts";
import { positionIn } from "../../routing/cookies.ts";
import { pathAndQuery, type Target } from "../../routing/target.ts";
import type { UrlRead } from "../../routing/url-reader.ts";
import { positionName } from "../../protocol/purge-order.ts";
import { noteOwnRequest } from "../../pages/request/conditions.ts";
import { asFragment } from "../../pages/respond/leave.ts";
import type { AssemblyContext, ServePart } from "../../pages/site/assembly-port.ts";
import { asksForEsi, responseDirectives } from "../../rules/cache-control.ts";
import { hasCoding } from "../../rules/fields.ts";
import { type Include, readTemplate, type Template } from "./template.ts";

/** A fragment whose head has arrived. */
interface Fragment {
  readonly response: Response;
  readonly read: UrlRead;
}

/** Settles with a fragment, or with `undefined` if it fails. */
type Arrival = Promise<Fragment | undefined>;

/** A part of a page: bytes, or a fragment on its way. */
type Part = Uint8Array | { readonly mayFail: boolean; readonly fragment: Arrival };

/** The request for a page, without the client's conditions. */
export interface PageRequest {
  readonly client: Request;
  readonly read: UrlRead;
  readonly context: AssemblyContext;
  readonly serve: ServePart;
}

/** The deepest level at which a fragment is included. The page's own fragments are at level 1. */
const depthMax = 3;
/** The fragments whose heads are awaited at the same time. */
const awaitedMax = 4;
/**
 * The runtime ends the sending 30 s after the client has left, and would not release the page's memory.
 */
const waitMsMax = 25_000;

/** Returns whether ESI tags in a response are processed. A body with a coding cannot be read. */
export function hasEsi({ headers, status }: Response, { traits }: Route): boolean {
  if (traits.assembles !== true || hasCoding(headers) || status === 206) return false;
  const isDeclared = traits.surrogateCapability !== undefined;
  if (isDeclared) return asksForEsi(headers.get("surrogate-control"));
  return /^text\/html\s*(?:;|$)/i.test(headers.get("content-type") ?? "");
}

export class Assembly {
  readonly #page: PageRequest;
  #includesLeft: number;
  /** The time for which the page may still wait for bytes of its template and fragments. */
  #waitLeftMs: number;
  #awaitedCount = 0;
  readonly #queue: (() => void)[] = [];
  /** The responses whose bodies must not stay open. */
  readonly #responses: Response[] = [];
  #takenBytes = 0;
  #isOver = false;
  #hasBegun = false;
  readonly #release: () => void;

  constructor(page: PageRequest, includesMax: number) {
    this.#page = page;
    this.#includesLeft = includesMax;
    const { config, fillBudget } = page.context.site;
    const release = () => this.#give(this.#takenBytes);
    this.#release = fillBudget.untilRead(release, () => this.#hasBegun);
    const { firstByteMs } = config.originTimeout;
    this.#waitLeftMs = Math.min(firstByteMs, waitMsMax);
  }

  count(result: "included" | "failed" | "malformed" | "unprocessed" | "cut"): void {
    this.#page.context.site.metrics.add("esi", [this.#page.read.route.name, result]);
  }

  /** Ends the page: no fragment is asked for any more, and no body stays open. */
  end(): void {
    this.#isOver = true;
    this.#release();
    for (const response of this.#responses) cancelBody(response);
  }

  /**
   * Reads a body into memory. A body larger than `limits.bufferBytes` is returned in chunks, to be sent
   * unprocessed.
   *
   * @throws Error if the body breaks off or takes too long, or memory is short
   */
  async whole(response: Response): Promise<Uint8Array | AsyncGenerator<Uint8Array>> {
    const { config, fillBudget } = this.#page.context.site;
    const isOfPage = this.#responses.push(response) === 1;
    const source = this.#chunksOf(response);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      const { value: chunk } = next;
      bytes += chunk.byteLength;
      if (!fillBudget.take(chunk.byteLength, bytes > smallBodyBytesMax ? "large" : "small")) {
        await source.return(undefined);
        throw new CutBody("Memory is short.");
      }
      this.#takenBytes += chunk.byteLength;
      chunks.push(chunk);
      if (bytes <= config.limits.bufferBytes) continue;
      this.count("unprocessed");
      if (isOfPage) this.#waitLeftMs = Infinity;
      return this.#unprocessed(chunks, source);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }

  /**
   * Starts to fetch the fragments of a template. Those beyond the limit fail without a request.
   *
   * @param level the level of the template; 0 for the page
   */
  partsOf({ pieces }: Template, of: UrlRead, level: number): Part[] {
    const fetched = async (include: Include): Arrival => {
      if (level === depthMax || !this.#take()) return undefined;
      return this.#inTurn(() => this.#fetch(include, of)).catch(() => undefined);
    };
    return pieces.map((piece) =>
      piece instanceof Uint8Array ? piece : { mayFail: piece.mayFail, fragment: fetched(piece) },
    );
  }

  /** Reads a template, and counts a malformed one. */
  read(body: Uint8Array): Template {
    const template = readTemplate(body);
    if (template.isMalformed) this.count("malformed");
    return template;
  }

  /**
   * Waits for the heads of the page's own fragments, and returns whether all of them allow storing. One
   * that may have fragments of its own does not, because their heads come later.
   *
   * @throws Error if a fragment fails that must not fail
   */
  async allowStoring(parts: readonly Part[]): Promise<boolean> {
    let allow = true;
    for (const part of parts) {
      if (part instanceof Uint8Array) continue;
      const fragment = await this.#arrived(part);
      if (fragment !== undefined) {
        const { response, read } = fragment;
        allow &&= !responseDirectives(response.headers).noStore && !hasEsi(response, read.route);
      } else if (!part.mayFail) {
        this.count("failed");
        throw new Error("A fragment failed.");
      }
    }
    return allow;
  }

  /** Returns the bytes of a template with its fragments. Rejects if a fragment breaks off. */
  async *bytesOf(parts: readonly Part[], level: number): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      if (part instanceof Uint8Array) {
        yield part;
        continue;
      }
      const fragment = await this.#arrived(part);
      this.count(fragment === undefined ? "failed" : "included");
      if (fragment !== undefined) yield* this.#bytesOfFragment(fragment, level + 1);
    }
  }

  /**
   * Sends a body at the client's pace, and then ends the page. A body that breaks off is cut, never
   * padded.
   *
   * @param bytes the length; `null` if unknown
   */
  send(body: AsyncGenerator<Uint8Array>, bytes: number | null): ReadableStream<Uint8Array> {
    const { site } = this.#page.context;
    const { fillBudget } = site;
    const pipe = openBytePipe(bytes);
    const held = { bytes: () => this.#takenBytes, release: this.#release };
    const client = new ClientEnd(pipe, site, held);
    this.#page.context.afterAnswer(async () => {
      try {
        for await (const chunk of body) {
          // A large piece is sent in parts, so that a slow reader costs one part of extra memory.
          for (let at = 0; at < chunk.byteLength;) {
            const to = at + fillBudget.pieceBytesMax;
            client.queue(chunk.subarray(at, to));
            await client.drained();
            if (client.hasLeft) return;
            this.#hasBegun = true;
            at = to;
          }
        }
        await client.close();
      } catch (cause) {
        this.count("cut");
        client.abort(cause);
      } finally {
        this.end();
      }
    });
    return pipe.readable;
  }

  /** Returns all chunks. Releases the memory of those that have arrived once they are sent. */
  async *#unprocessed(
    arrived: Uint8Array[],
    rest: AsyncGenerator<Uint8Array, undefined>,
  ): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = arrived.shift(); chunk !== undefined; chunk = arrived.shift()) {
        yield chunk;
        this.#give(chunk.byteLength);
      }
      yield* this.#counted(rest);
    } finally {
      await rest.return(undefined);
    }
  }

  /** Counts each chunk until it is sent, because it is in memory in any case. */
  async *#counted(chunks: AsyncGenerator<Uint8Array, undefined>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#page.context.site.fillBudget.charge(chunk.byteLength);
      this.#takenBytes += chunk.byteLength;
      yield chunk;
      this.#give(chunk.byteLength);
    }
  }

  #give(bytes: number): void {
    const given = Math.min(bytes, this.#takenBytes);
    this.#page.context.site.fillBudget.give(given);
    this.#takenBytes -= given;
  }

  async *#bytesOfFragment({ response, read }: Fragment, level: number): AsyncGenerator<Uint8Array> {
    const body = hasEsi(response, read.route)
      ? await this.whole(response)
      : this.#counted(this.#chunksOf(response));
    if (!(body instanceof Uint8Array)) {
      yield* body;
      return;
    }
    yield* this.bytesOf(this.partsOf(this.read(body), read, level), level);
    // The fragment is sent, so the next one can have its memory.
    this.#give(body.byteLength);
  }

  /** Returns the fragment; `undefined` if it failed, or the page has waited too long. */
  #arrived({ fragment }: Exclude<Part, Uint8Array>): Arrival {
    return this.#wait(fragment).catch(() => undefined);
  }

  async #wait<T>(promise: Promise<T>): Promise<T> {
    if (this.#waitLeftMs === Infinity) return promise;
    const { nowAtMs } = this.#page.context;
    const sinceAtMs = nowAtMs();
    try {
      return await within(promise, Math.max(0, this.#waitLeftMs));
    } finally {
      this.#waitLeftMs -= Math.abs(nowAtMs() - sinceAtMs);
    }
  }

  async *#chunksOf({ body }: Response): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
    if (body === null) return;
    const reader = body.getReader();
    try {
      for (;;) {
        const { done, value } = await this.#wait(reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      void reader.cancel().catch(() => undefined);
    }
  }

  #take(): boolean {
    this.#includesLeft -= 1;
    return this.#includesLeft >= 0;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#awaitedCount < awaitedMax) this.#awaitedCount += 1;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#awaitedCount -= 1;
      else next();
    }
  }

  async #fetch({ sources: [src, alt] }: Include, of: UrlRead): Arrival {
    const fragment = await this.#ask(src, of);
    if (fragment !== undefined || alt === undefined || !this.#take()) return fragment;
    return this.#ask(alt, of);
  }

  /** Sends a request of the client's own through the cache. A redirect and a part count as a failure. */
  async #ask(reference: string, { target, route }: UrlRead): Arrival {
    const { client, serve, context } = this.#page;
    const { site } = context;
    const found = urlOfFragment(reference, target, site.siteHosts);
    if (found === undefined || this.#isOver) return undefined;
    const headers = new Headers(client.headers);
    const position = positionIn(headers.get("cookie") ?? "");
    if (position !== undefined && !headers.has(positionName)) headers.set(positionName, position);
    for (const name of client.headers.keys()) {
      const isSecret = name === "cookie" || route.credentials.entryFor(name) !== undefined;
      if (isSecret && !found.isOfSameHost) headers.delete(name);
    }
    const request = new Request(found.url, { headers, cf: client.cf });
    // Rules may draw values by chance. Those of another host must not depend on the client's cookies.
    if (found.isOfSameHost) noteOwnRequest(request, client);
    const read = site.readUrl(request, request);
    const served = await serve(request, read, "fragment");
    const response = asFragment(served, read.route.phases, client);
    this.#responses.push(response);
    // An origin may send a part (206) that nobody requested.
    const isWhole = response.ok && response.status !== 206 && !hasCoding(response.headers);
    if (isWhole && !this.#isOver) return { response, read };
    cancelBody(response);
    return undefined;
  }
}

/**
 * Returns the URL of a fragment, which has the scheme of the page; `undefined` if its host is none of
 * the site's.
 */
export function urlOfFragment(reference: string, target: Target, siteHosts: readonly string[]) {
  const { scheme, host, ownHost } = target;
  const page = new URL(`${scheme}://${ownHost}${pathAndQuery(target)}`);
  const url = URL.parse(reference, page.href);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const isOfSameHost = url.host === page.host || url.host === host;
  const isOfSite = isOfSameHost || [url.host, url.hostname].some((one) => siteHosts.includes(one));
  if (!isOfSite || url.username !== "" || url.password !== "") return undefined;
  return { url: `${scheme}://${url.host}${url.pathname}${url.search}`, isOfSameHost };
}
