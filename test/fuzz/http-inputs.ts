// Random parts of HTTP messages, near those that rules look for.
import * as fc from "fast-check";

export const methods = fc.constantFrom(
  "GET",
  "GET",
  "GET",
  "HEAD",
  "OPTIONS",
  "POST",
  "PUT",
  "DELETE",
);

/** Characters that a field value may have (RFC 9110 §5.5). */
const fieldText = fc.string({
  unit: fc.constantFrom(...Array.from("aZ09 \t,;=\"'\\/*%-_.:()<>[]{}@é\u00FF")),
  maxLength: 20,
});

const directives = fc.constantFrom(
  ..."max-age s-maxage no-cache no-store private public must-revalidate immutable stale-if-error stale-while-revalidate only-if-cached min-fresh max-stale no-transform must-understand".split(
    " ",
  ),
);
const numbers = fc.oneof(
  fc.integer({ min: -5, max: 100 }).map(String),
  fc.constantFrom("4294967296", "1e3", "0x10", "1.5", '"60"', "", "99999999999999999999"),
);
const dates = fc.constantFrom(
  "Tue, 01 Jan 2030 12:00:00 GMT",
  "Tuesday, 01-Jan-30 12:00:00 GMT",
  "Tue Jan  1 12:00:00 2030",
  "0",
  "-1",
  "Tue, 32 Jan 2030 25:00:00 GMT",
);
const tags = fc.constantFrom('"a"', 'W/"a"', "*", '"a", "b"', "a", '"', 'W/"', '""');

const value = fc.oneof(
  fieldText,
  dates,
  tags,
  numbers,
  fc
    .array(fc.tuple(directives, fc.option(numbers, { nil: undefined })), { maxLength: 4 })
    .map((all) => all.map(([name, of]) => (of === undefined ? name : `${name}=${of}`)).join(", ")),
  fc.constantFrom(
    "bytes=0-1",
    "bytes=-5",
    "bytes=5-",
    "bytes=0-1,3-4",
    "bytes 0-1/10",
    "gzip, br;q=0",
  ),
);

const fieldNames = {
  request:
    "accept accept-encoding accept-language authorization cache-control cookie if-match if-modified-since if-none-match if-range if-unmodified-since origin pragma range te traceparent user-agent via x-api-key x-forwarded-for tidemark-debug",
  response:
    "age cache-control cache-group-invalidation cache-groups cache-tag cdn-cache-control content-encoding content-language content-range content-type date etag expires last-modified link location pragma retry-after server set-cookie surrogate-control surrogate-key vary warning x-cache",
};

/** Field lines as names and values. */
export const fieldLines = (of: keyof typeof fieldNames) =>
  fc.array(
    fc.tuple(
      fc.constantFrom(...fieldNames[of].split(" ")),
      value.map((text) => text.trim()),
    ),
    {
      maxLength: 6,
    },
  );

const piece = fc.oneof(
  fc.constantFrom(
    ..."a A news none short .. . %2e %2E%2e %2f %5c \\ // ; ;v=1 %00 %ff %E2%82%AC é € + %20 ~ _cache * : @ & =".split(
      " ",
    ),
  ),
  fc.string({ maxLength: 4 }),
);

/** Targets of requests: a path with a query, as a client may write them. */
export const targets = fc
  .record({
    path: fc.array(piece, { maxLength: 5 }),
    query: fc.option(fc.array(piece, { maxLength: 5 }), { nil: undefined }),
  })
  .map(({ path, query }) => `/${path.join("/")}${query === undefined ? "" : `?${query.join("&")}`}`)
  .map((text) => text.replaceAll("#", ""))
  .filter((text) => {
    const url = URL.parse(text, "https://www.example.com");
    return url?.host === "www.example.com" && !url.pathname.startsWith("/_cache");
  });
