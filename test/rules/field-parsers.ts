// All parsers of header fields of clients and origins, as functions of the field's text.
import {
  requestDirectives,
  responseDirectives,
  parseDirectives,
  governingDirectives,
} from "../../src/rules/cache-control.ts";
import { cacheStatus } from "../../src/rules/cache-status.ts";
import { currentAgeSeconds } from "../../src/rules/freshness.ts";
import { parseHttpDate } from "../../src/rules/http-date.ts";
import { rangeVerdict } from "../../src/rules/ranges.ts";
import { selectingFieldNames, selectingValues } from "../../src/rules/selecting.ts";
import { connectionFields } from "../../src/rules/storable.ts";
import { conditionalFields, entityTag, isNotModified } from "../../src/rules/validators.ts";
import { signatureClaim } from "../../src/admin/purge-sender.ts";
import { reducedAcceptEncoding } from "../../src/pages/request/forwarded-fields.ts";
import { sortCookies } from "../../src/pages/request/cookies.ts";
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
  ["a webhook's signature", webhookSignature],
];

function webhookSignature(text: string): unknown {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const fields = { "webhook-id": "a", "webhook-timestamp": timestamp, "webhook-signature": text };
  const request = { headers: new Map(Object.entries(fields)) } as unknown as Request;
  return signatureClaim(request);
}
