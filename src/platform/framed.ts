// Enforces a response's Content-Length before a Node server sends the response. Node sends bytes
// beyond a wrong length, and a client would read them as the next response on the connection.
import { FixedLengthStream } from "../base/byte-streams.ts";

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
export function framed(response: Response, method: string): Response {
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
