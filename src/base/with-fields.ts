// Responses with other header fields.

/** Statuses without content (RFC 9110 §6.4.1, §15.3.6). `Response` throws if one of these has a body. */
export const bodiless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** Returns the response with other fields, and with another body if one is given. */
export function withFields(
  { status, statusText, body }: Response,
  headers: Headers,
  sent: ReadableStream<Uint8Array> | null = body,
): Response {
  const own = bodiless.has(status) ? null : sent;
  return new Response(own, { status, statusText, headers, encodeBody: "manual" });
}
