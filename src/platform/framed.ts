// Holds a response to its own length before a server of Node sends it: Node writes whatever follows a
// wrong Content-Length, and a client on a kept connection reads that as the next response.
import { FixedLengthStream } from "../base/byte-streams.ts";

/** RFC 9110 §8.6, §15.3.6: no length may be stated, or none but 0. */
const withoutLength: ReadonlySet<number> = new Set([204, 205]);

/**
 * Makes the length and the body agree (RFC 9112 §6.3). A length that is no number, or stands where there
 * is no body, is removed. A body of another length than the stated one fails when that shows.
 *
 * @param method of the request: the length in a response to HEAD is that of another body
 * @returns the same response where nothing has to change
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
