// Two defaults of web servers that cost bandwidth behind any proxy: nginx does not compress answers
// to requests with Via, and Apache does not recognise its own ETag of a compressed answer.

/** The field that every proxy sends (RFC 9110 §7.6.3). */
export const proxyFields = { via: "1.1 tidemark" };

/** The lines that change the two defaults. docs/origins.md explains them. */
export const nginxLine = "gzip_proxied any;";
export const apacheLine = "DeflateAlterETag NoChange";

export function isCompressed(headers: Headers): boolean {
  return headers.has("content-encoding");
}

/** Returns the ETag if a server has added a coding to it, such as `"1-gzip"`. */
export function tagWithCoding(headers: Headers): string | undefined {
  const tag = headers.get("etag") ?? "";
  return /-(?:gzip|br)"$/.test(tag) ? tag : undefined;
}
