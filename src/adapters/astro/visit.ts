// One request of an Astro site: the cache calls `rendered` where it would send a request to an origin. Astro's own
// objects are only named by their symbols, so the file imports no package.
import { pathTag, tagInField } from "./names.ts";

/** The parts of Astro's context of a request that the cache uses. */
export interface AstroRequest {
  readonly request: Request;
  /** Absent on Node. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  readonly logger: { error(message: string): void };
}

const cookiesOfAstro = Symbol.for("astro.cookies");

/** Cookies that a page has set, and that Astro adds to the response at its end. */
interface AstroCookies {
  headers(): Iterable<string>;
}

/** Statuses for which Astro renders an error page, if the response has no body. */
const replaced = new Set([404, 500]);

export class AstroVisit {
  readonly #context: AstroRequest;
  readonly #next: () => Promise<Response>;
  readonly #path: string;
  /** The error of the rendering, for Astro's own error page. */
  #failure: { readonly cause: unknown } | undefined;
  #cookies: AstroCookies | undefined;
  #isAnswered = false;

  constructor(context: AstroRequest, next: () => Promise<Response>) {
    this.#context = context;
    this.#next = next;
    this.#path = pathTag(pathIn(context.request.url));
  }

  /** Renders the page with the fields that the cache forwards, as its response may answer others. */
  async rendered(forwarded: Request): Promise<Response> {
    const tag = pathTag(pathIn(forwarded.url));
    // A probe of another page: Astro can only render the page of its own request.
    if (tag !== this.#path) return new Response(null, { status: 204, headers: notStored });
    const { method, headers } = forwarded;
    Object.defineProperties(this.#context.request, {
      method: { value: method, configurable: true },
      headers: { value: headers, configurable: true },
      // On Workers: only what the key has.
      cf: { value: Reflect.get(forwarded, "cf"), configurable: true },
    });
    try {
      return this.#withTerms(await this.#next(), tag);
    } catch (cause) {
      this.#failure = { cause };
      if (this.#isAnswered) this.#report(cause);
      return new Response(null, { status: 500, headers: notStored });
    }
  }

  #withTerms(response: Response, tag: string): Response {
    const { status, statusText, body } = response;
    const headers = new Headers(response.headers);
    const isReplaced = body === null && replaced.has(status);
    if (isReplaced || !headers.has("cdn-cache-control")) {
      headers.set("cdn-cache-control", notStored["cdn-cache-control"]);
    }
    headers.append("cache-tag", tagInField(tag));
    const cookies = Reflect.get(response, cookiesOfAstro) as AstroCookies | undefined;
    this.#cookies = cookies;
    for (const cookie of cookies?.headers() ?? []) headers.append("set-cookie", cookie);
    return new Response(body, { status, statusText, headers });
  }

  /**
   * Returns the answer as Astro expects it.
   *
   * @throws the error of the rendering, unless an older response answers
   */
  answered(answer: Response): Response {
    this.#isAnswered = true;
    if (this.#failure !== undefined) {
      if (answer.status === 500) throw this.#failure.cause;
      this.#report(this.#failure.cause);
    }
    return this.#withCookies(answer);
  }

  /** Returns cookies to Astro, which adds those that are set later. */
  #withCookies(answer: Response): Response {
    const cookies = this.#cookies;
    const inFields = answer.headers.getSetCookie();
    if (cookies === undefined || inFields.length === 0) return answer;
    const own = new Set(cookies.headers());
    answer.headers.delete("set-cookie");
    for (const one of inFields) if (!own.has(one)) answer.headers.append("set-cookie", one);
    Reflect.set(answer, cookiesOfAstro, cookies);
    return answer;
  }

  /** Logs an error that Astro does not see, because an older response answers, or has answered. */
  #report(cause: unknown): void {
    const path = pathIn(this.#context.request.url);
    this.#context.logger.error(`The rendering of ${path} failed: ${String(cause)}`);
  }
}

const notStored = { "cdn-cache-control": "no-store" } as const;

const pathIn = (url: string) => new URL(url).pathname;
