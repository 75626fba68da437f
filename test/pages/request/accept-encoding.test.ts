// Tests that Accept-Encoding is reduced to a sorted subset of {br, gzip} (RFC 9110 §12.5.3).
import { expect, it } from "vitest";
import { reducedAcceptEncoding } from "../../../src/pages/request/forwarded-fields.ts";

it.each([
  { id: "absent", field: null, reduced: "identity" },
  { id: "empty", field: "", reduced: "identity" },
  { id: "browser", field: "gzip, deflate, br, zstd", reduced: "br, gzip" },
  { id: "order", field: "br,gzip", reduced: "br, gzip" },
  { id: "gzip", field: "gzip", reduced: "gzip" },
  { id: "old-name", field: "x-gzip", reduced: "gzip" },
  { id: "capitals", field: "GZIP;Q=1, BR", reduced: "br, gzip" },
  { id: "refused", field: "br;q=0, gzip;q=0.5", reduced: "gzip" },
  { id: "refused-with-digits", field: "br; q=0.000, gzip", reduced: "gzip" },
  { id: "barely-accepted", field: "br;q=0.001", reduced: "br" },
  { id: "any", field: "*", reduced: "br, gzip" },
  { id: "any-refused", field: "*;q=0", reduced: "identity" },
  { id: "any-but-one", field: "*, br;q=0", reduced: "gzip" },
  { id: "one-though-any-refused", field: "gzip, *;q=0", reduced: "gzip" },
  { id: "others-only", field: "deflate, zstd", reduced: "identity" },
  { id: "identity-refused", field: "identity;q=0", reduced: "identity" },
  { id: "malformed", field: ";;q=,=", reduced: "identity" },
  { id: "beyond-512-characters", field: `${"a,".repeat(300)}gzip`, reduced: "identity" },
])("reduces Accept-Encoding: $id", ({ field, reduced }) => {
  expect(reducedAcceptEncoding(field)).toBe(reduced);
});
