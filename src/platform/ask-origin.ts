// Sends a request to an origin: by URL, by binding, or by calling a handler.
import { describedError } from "../base/error-name.ts";
import { OperatorError } from "../base/operator-error.ts";
import { areSendable } from "../rules/fields.ts";
import { unreachable } from "../base/unreachable.ts";
import { cancelBody } from "../base/cancel-body.ts";
import { isResponse, withTagAsAsked, withTrueCoding } from "./handler-body.ts";
import { InvalidResponse } from "./origin-health.ts";
import type { OriginTarget } from "./origins.ts";
import type { Platform } from "./platform.ts";
import { FixedLengthStream } from "../base/byte-streams.ts";

/** A request to an origin. `signal` ends the wait for the response fields. */
export interface OriginCall extends Pick<Request, "method" | "headers" | "body" | "signal"> {
  /** The value of `request.cf` for a handler; `undefined` for none. */
  readonly cf: object | undefined;
  /** `Host` for a URL, where the platform can send it; `undefined` for the URL's own. */
  readonly host: string | undefined;
  /** The client's own fields, which a handler gets instead of `headers`. */
  readonly own?: Headers | undefined;
  /** Runs work of a handler that continues after its response. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** The last parameters of `OriginHandler`. */
  readonly caller: object | undefined;
  readonly server?: object | undefined;
}

/**
 * Sends a request to an origin.
 *
 * @returns the response once its fields have arrived
 * @throws the failure of the origin, such as `InvalidResponse`, or the reason of the signal
 */
export async function askOrigin(
  origin: OriginTarget,
  url: string,
  request: OriginCall,
  platform: Platform,
): Promise<Response> {
  const response = decodable(await answerOf(origin, url, request, platform));
  // The Workers runtime enforces Content-Length itself.
  return platform.isServer === true ? framed(response, request.method) : response;
}

function answerOf(
  origin: OriginTarget,
  url: string,
  request: OriginCall,
  platform: Platform,
): Promise<Response> {
  const { method, headers, body, signal, host, afterAnswer, caller, server } = request;
  // Do not follow redirects, which are for the client.
  const init: RequestInit = { method, headers, body, signal, redirect: "manual" };
  // Bypass Cloudflare's own cache, which is below `fetch` and could have purged pages. No documented
  // option of `cf` skips a lookup in it.
  const fetched: RequestInit = { ...init, cache: "no-store", encodeResponseBody: "manual" };
  switch (origin.kind) {
    case "url":
      return platform.fetch(url, { ...fetched, host });
    case "binding": {
      const answering = origin.fetcher.fetch(url, fetched);
      // On Node, the binding may be the runtime's `fetch`, which decodes bodies.
      return platform.isServer === true
        ? answering.then(sendable).then((response) => withTrueCoding(response, signal))
        : answering;
    }
    case "handler": {
      const waitUntil = (work: Promise<unknown>) => afterAnswer(async () => void (await work));
      const handle = async () => {
        // Node requires `duplex` if the body is a stream.
        const forHandler = new Request(url, {
          ...init,
          headers: headersForHandler(request, url),
          cf: request.cf,
          duplex: "half",
        } as RequestInit);
        const returned = await origin.handle(forHandler, { waitUntil }, caller, server);
        return withTrueCoding(withTagAsAsked(returned, headers), signal);
      };
      return handled(handle, request, platform);
    }
    default:
      return unreachable(origin);
  }
}

/**
 * Returns the client's own fields, or the fields of the origin request with `Host`. A handler has no
 * connection from which it could learn the host.
 */
function headersForHandler({ headers, own }: OriginCall, url: string): Headers {
  if (own !== undefined) return own;
  const sent = new Headers(headers);
  sent.set("host", new URL(url).host);
  return sent;
}

/** Calls a handler with the contract of `fetch`: obeys the signal, and drops the body for HEAD. */
async function handled(
  handle: () => Promise<Response>,
  { method, signal }: OriginCall,
  { log, isServer }: Platform,
): Promise<Response> {
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  const answering = handle();
  try {
    const response = await Promise.race([answering, givenUp]);
    if (!isResponse(response))
      throw unusable("It did not return a response.", "Return a Response.");
    if (isServer === true) sendable(response);
    const { body } = response;
    if (response.bodyUsed || body?.locked === true) {
      const hint = "Return a new Response for each request, or read a clone() of it.";
      throw unusable("The body of its response was already read.", hint);
    }
    // RFC 9110 §9.3.2.
    if (method !== "HEAD" || body === null) return response;
    cancelBody(response);
    return new Response(null, response);
  } catch (cause) {
    // A late result may be anything, even an object with an invalid body.
    answering
      .then((late) => cancelBody(isResponse(late) ? late : undefined))
      .catch(() => undefined);
    if (!signal.aborted) {
      const message = `The handler of an origin failed with ${describedError(cause)}`;
      log({ event: "handler-failed", level: "error", message });
    }
    throw cause;
  }
}

/**
 * Rejects a response with an invalid field. Removing only this field would be unsafe, because the
 * field may make the response private.
 *
 * @returns the same response
 * @throws OperatorError if Node cannot send it
 */
function sendable(response: Response): Response {
  if (areSendable(response.headers.values())) return response;
  cancelBody(response);
  throw unusable("A header field of its response has an invalid value.", "Encode the value.");
}

const unusable = (why: string, hint: string) =>
  new OperatorError({ what: "The response of a handler cannot be used.", why, hint });

/** Matches a list of transfer codings, and the codings that change the bytes. */
const undecodedTransfer = /,|^(?:(?:x-)?(?:gzip|compress)|deflate|br|zstd)$/;

/**
 * Rejects a response in a transfer coding that was not requested (RFC 9112 §6.1, §7). Runtimes decode only `chunked`,
 * and a client could not know the coding. A single name that is no coding changes nothing.
 *
 * @returns the same response
 */
function decodable(response: Response): Response {
  const coding = response.headers.get("transfer-encoding")?.trim().toLowerCase() ?? "";
  if (!undecodedTransfer.test(coding)) return response;
  cancelBody(response);
  throw new InvalidResponse("The response has a transfer coding that nobody decodes.");
}

/** Statuses without a body, whose length is absent or 0 (RFC 9110 §8.6, §15.3.6). */
const withoutLength: ReadonlySet<number> = new Set([204, 205]);

/**
 * Makes the length and the body agree (RFC 9112 §6.3). Removes an invalid Content-Length. Also
 * removes a valid Content-Length if there is no body, except in responses to HEAD and in a 304. If
 * the body has a different length, its stream fails.
 *
 * @param method the request's method. In a response to HEAD, the length is that of the GET response
 * @returns the same response if nothing changes
 */
function framed(response: Response, method: string): Response {
  const { status, statusText, headers, body } = response;
  const length = headers.get("content-length");
  const isUnread = method === "HEAD" || status === 304;
  if (length === null || status === 101) return response;
  const isNumber = /^\d+$/.test(length) && Number.isSafeInteger(Number(length));
  const isKept = isNumber && (isUnread || (body !== null && !withoutLength.has(status)));
  if (isKept && (isUnread || body === null)) return response;
  const fields = new Headers(headers);
  if (!isKept) fields.delete("content-length");
  const whole =
    isKept && body !== null ? body.pipeThrough(new FixedLengthStream(Number(length))) : body;
  return new Response(whole, { status, statusText, headers: fields });
}
