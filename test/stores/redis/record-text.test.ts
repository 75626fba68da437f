// Tests that a record's head in Redis has room for the members that its first 304 adds, so that a
// large body is not written again.
import { expect, it } from "vitest";
import { encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { padded } from "../../../src/stores/redis/record-text.ts";
import { metadataWith } from "../../../testing/examples/requests.ts";

it("a padded head of any length has room for the time and the date of the body", () => {
  const headOf = (statusText: string, added = {}) => {
    const metadata = metadataWith({}, { statusText, ...added });
    return encodeRecord({ kind: "response", metadata }, 4_102_444_800_000, responseForm);
  };
  const added = {
    bodyDate: "Mon, 02 Nov 2026 10:00:00 GMT",
    bodyRequestedAtMs: 1_795_165_507_845,
  };
  for (let length = 0; length < 128; length += 1) {
    const text = "x".repeat(length);
    const room = padded(headOf(text)).length;
    expect(headOf(text, added).length).toBeLessThanOrEqual(room);
  }
});
