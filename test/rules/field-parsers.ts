// All parsers of header fields of clients and origins, as functions of the field's text.
import {
  asksForEsi,
  requestDirectives,
  responseDirectives,
  parseDirectives,
  governingDirectives,
} from "../../src/rules/cache-control.ts";
import { cacheStatus } from "../../src/rules/cache-status.ts";
import { currentAgeSeconds } from "../../src/rules/freshness.ts";
import { parseHttpDate } from "../../src/rules/http-date.ts";
import { responseMediaTypes } from "../../src/rules/media-types.ts";
import { compileLanguages, preferredType } from "../../src/rules/negotiation.ts";
import { rangeVerdict } from "../../src/rules/ranges.ts";
import { retryAfterSeconds } from "../../src/rules/retry-after.ts";
import { selectingFieldNames, selectingValues } from "../../src/rules/selecting.ts";
import { connectionFields } from "../../src/rules/storable.ts";
import {
  conditionalFields,
  entityTag,
  isNotModified,
  meaningChangedBy,
} from "../../src/rules/validators.ts";
import { signatureClaim } from "../../src/admin/purge-sender.ts";
import { reducedAcceptEncoding } from "../../src/pages/request/forwarded-fields.ts";
import { nameSetBy, sortCookies } from "../../src/routing/cookies.ts";
import { asOfSite } from "../../src/platform/site-address.ts";
import { withinLimits } from "../../src/platform/field-limits.ts";
import { readContentRange } from "../../src/rules/ranges.ts";
import { contentLength } from "../../src/rules/fields.ts";
import { fieldTagsOf, taggingOf } from "../../src/pages/stored/tags.ts";
import { fieldsWith } from "../../testing/examples/header-text.ts";
import { askedWith, configWith, storedAtMs } from "../../testing/examples/requests.ts";

const config = configWith();
const lookup = askedWith({}, config);

/** Returns fields with one value. The value may be a text that `Headers` would refuse. */
const only = (name: string) => (text: string) => fieldsWith({ [name]: text }) as Headers;

const age = (text: string, name: string) =>
  currentAgeSeconds({
    fields: fieldsWith({ [name]: text }),
    requestedAtMs: storedAtMs,
    respondedAtMs: storedAtMs,
    atMs: storedAtMs,
  });

const notModified = (request: Record<string, string>, stored: Record<string, string>) =>
  isNotModified({
    request: fieldsWith(request),
    stored: fieldsWith(stored),
    status: 200,
    receivedAtMs: storedAtMs,
  });

const range = (request: Record<string, string>) =>
  rangeVerdict({
    request: fieldsWith(request),
    stored: fieldsWith({}),
    status: 200,
    bodyBytes: 9,
    bodyDate: null,
  });

const tags = (name: string) => (text: string) =>
  taggingOf(fieldTagsOf(only(name)(text), config), [], lookup);

/** A field of a real response. Reads no text that the runtime refuses. */
const answered = (name: string, read: (response: Response) => unknown) => (text: string) => {
  const isValid = /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
  return isValid && read(new Response(null, { status: 206, headers: { [name]: text } }));
};
const ofSite = (name: string) =>
  answered(name, (response) => asOfSite(response, lookup, "http://origin.example"));

export const fieldParsers: readonly (readonly [name: string, read: (text: string) => unknown])[] = [
  ["directives", parseDirectives],
  ["Cache-Control of a response", (text) => responseDirectives(only("cache-control")(text))],
  ["Cache-Control of a request", (text) => requestDirectives(only("cache-control")(text))],
  ["Pragma", (text) => requestDirectives(only("pragma")(text))],
  ["CDN-Cache-Control", (text) => governingDirectives(only("cdn-cache-control")(text))],
  ["Surrogate-Control", (text) => governingDirectives(only("surrogate-control")(text))],
  ["Cache-Status", (text) => cacheStatus({ kind: "forwarded", reason: "stale" }, text)],
  ["dates", (text) => parseHttpDate(text, storedAtMs)],
  ["Age", (text) => age(text, "age")],
  ["Date", (text) => age(text, "date")],
  ["Vary", (text) => selectingFieldNames(only("vary")(text))],
  ["a selecting field", (text) => selectingValues(["x"], only("x")(text))],
  ["Connection", (text) => connectionFields(only("connection")(text))],
  ["ETag", (text) => [entityTag(only("etag")(text)), conditionalFields(only("etag")(text))]],
  ["If-None-Match", (text) => notModified({ "if-none-match": text }, { etag: '"a"' })],
  ["If-Modified-Since", (text) => notModified({ "if-modified-since": text }, {})],
  ["Range", (text) => range({ range: text })],
  ["If-Range", (text) => range({ range: "bytes=0-1", "if-range": text })],
  ["Accept-Encoding", reducedAcceptEncoding],
  ["Cookie", (field) => sortCookies(field, { keyCookies: ["a"], ignoreCookies: [] }, config)],
  ["Content-Length", (text) => contentLength(only("content-length")(text))],
  ["Cache-Tag", tags("cache-tag")],
  ["Surrogate-Key", tags("surrogate-key")],
  ["Cache-Groups", tags("cache-groups")],
  ["Surrogate-Control for ESI", asksForEsi],
  ["Content-Type", (text) => responseMediaTypes(only("content-type")(text))],
  ["Content-Range", readContentRange],
  ["Retry-After", (text) => retryAfterSeconds(text, storedAtMs)],
  ["Set-Cookie", nameSetBy],
  ["Set-Cookie of the origin", ofSite("set-cookie")],
  ["Location", ofSite("location")],
  ["Link", ofSite("link")],
  ["Refresh", ofSite("refresh")],
  ["Content-Security-Policy", policy],
  ["Vary within its limit", answered("vary", (response) => withinLimits(response, config))],
  ["Accept-Language", compileLanguages(["en", "zh-Hant"])],
  ["Accept", (text) => preferredType(text, ["image/avif", "image/webp"])],
  ["a webhook's signature", webhookSignature],
];

function policy(text: string): unknown {
  const fields = only("content-security-policy");
  return meaningChangedBy(fields(text), fields("script-src 'nonce-a'"));
}

function webhookSignature(text: string): unknown {
  const fields = { "webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": text };
  const request = { headers: new Map(Object.entries(fields)) } as unknown as Request;
  return signatureClaim(request, 1_000);
}
