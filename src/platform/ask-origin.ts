// Asks an origin: by its address, by its binding, or by calling it.
import { errorName, firstFrame } from "../base/error-name.ts";
import { areSendable } from "../rules/fields.ts";
import { unreachable } from "../rules/unreachable.ts";
import { letGo } from "../base/let-go.ts";
import { framed } from "./framed.ts";
import { isResponse, withTagAsAsked, withTrueCoding } from "./handler-body.ts";
import type { OriginTarget } from "./origins.ts";
import type { Platform } from "./platform.ts";

/** What an origin is asked. `signal`: ends the wait for the head of the answer. */
interface Asking extends Pick<Request, "method" | "headers" | "body" | "signal"> {
  /** What a handler sees as `request.cf`; `undefined` for none. */
  readonly cf: object | undefined;
  /** The client's own, which a handler gets in the place of `headers`. */
  readonly own?: Headers | undefined;
  /** Starts what an origin in this isolate leaves to be done behind its answer. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/**
 * @returns the answer as soon as its head has come
 * @throws whatever keeps the origin from answering, also the reason of the request's signal
 */
export async function askOrigin(
  origin: OriginTarget,
  url: string,
  request: Asking,
  platform: Pick<Platform, "fetch" | "log" | "isServer">,
): Promise<Response> {
  const response = await answerOf(origin, url, request, platform);
  // The Workers runtime does so itself.
  return platform.isServer === true ? framed(response, request.method) : response;
}

function answerOf(
  origin: OriginTarget,
  url: string,
  request: Asking,
  platform: Pick<Platform, "fetch" | "log" | "isServer">,
): Promise<Response> {
  const { method, headers, body, signal, afterAnswer } = request;
  // Redirects are the client's to follow.
  const init: RequestInit = { method, headers, body, signal, redirect: "manual" };
  // Cloudflare's own cache lies below `fetch`.
  const fetched: RequestInit = { ...init, cache: "no-store", encodeResponseBody: "manual" };
  switch (origin.kind) {
    case "url":
      return platform.fetch(url, fetched);
    case "binding": {
      const answering = origin.fetcher.fetch(url, fetched);
      // On a server a binding may be the runtime's `fetch`, which decodes.
      return platform.isServer === true
        ? answering.then(sendable).then((response) => withTrueCoding(response, signal))
        : answering;
    }
    case "handler": {
      // No runtime makes a request with this method (https://fetch.spec.whatwg.org/#forbidden-method).
      if (method === "TRACE") return Promise.resolve(new Response(null, { status: 501 }));
      const waitUntil = (work: Promise<unknown>) => afterAnswer(async () => void (await work));
      const handle = async () => {
        // Node takes a stream as a body only together with this member.
        const asked = new Request(url, {
          ...init,
          headers: headersForHandler(request, url),
          cf: request.cf,
          duplex: "half",
        } as RequestInit);
        const returned = await origin.handle(asked, { waitUntil });
        return withTrueCoding(withTagAsAsked(returned, headers), signal);
      };
      return handled(handle, request, platform);
    }
    default:
      return unreachable(origin);
  }
}

/** No connection tells a handler the host: it stands in the field, as on any server. */
function headersForHandler({ headers, own }: Asking, url: string): Headers {
  if (own !== undefined) return own;
  const sent = new Headers(headers);
  sent.set("host", new URL(url).host);
  return sent;
}

/** As `fetch` does it: no longer than the signal allows, and without a body for HEAD. */
async function handled(
  handle: () => Promise<Response>,
  { method, signal }: Asking,
  { log, isServer }: Pick<Platform, "log" | "isServer">,
): Promise<Response> {
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  const answering = handle();
  try {
    const response = await Promise.race([answering, givenUp]);
    if (!isResponse(response)) throw new TypeError("It returned no response.");
    if (isServer === true) sendable(response);
    const { body } = response;
    if (response.bodyUsed || body?.locked === true)
      throw new TypeError("Its body is read already.");
    // RFC 9110 §9.3.2.
    if (method !== "HEAD" || body === null) return response;
    letGo(response);
    return new Response(null, response);
  } catch (cause) {
    // It may be anything that has a body which is none.
    answering.then((late) => letGo(isResponse(late) ? late : undefined)).catch(() => undefined);
    if (!signal.aborted) {
      const why = `${errorName(cause)}: ${firstFrame(cause)}`;
      const message = `The handler of an origin failed with ${why}`;
      log({ event: "handler-failed", level: "error", message });
    }
    throw cause;
  }
}

/**
 * Without a bad field it would be another answer: it may be the one that makes it private.
 *
 * @returns the same response
 * @throws TypeError where Node cannot send it
 */
function sendable(response: Response): Response {
  if (areSendable(response.headers.values())) return response;
  letGo(response);
  throw new TypeError("A field of it cannot be sent.");
}
