// Tests the error for a request without a response. Its reason is a sentence, or contains the
// system's error code.
import { expect, it } from "vitest";
import { networkFailure } from "../../src/asking/network-failure.ts";

const byCode = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("at 10.0.0.1"), { code }) });

it.each([
  [new DOMException("late", "TimeoutError"), "too-late", "No answer came within 15 s"],
  [
    byCode("UNABLE_TO_GET_ISSUER_CERT"),
    "certificate",
    "The request failed with UNABLE_TO_GET_ISSUER_CERT",
  ],
  [byCode("ECONNREFUSED"), "unreachable", "No server listens at this address"],
  [byCode("CERT_HAS_EXPIRED"), "certificate", "Its certificate has expired"],
  [byCode("CERT_UNTRUSTED"), "certificate", "The request failed with CERT_UNTRUSTED"],
  [new TypeError("at 10.0.0.1"), "unreachable", "The request failed with TypeError"],
  [
    new TypeError("fetch failed", { cause: new Error("bad port") }),
    "unreachable",
    "The request failed with bad port",
  ],
  [1, "unreachable", "The request failed with an unknown failure"],
])("networkFailure(), for %s, returns the code %s and the reason: %s", (cause, code, why) => {
  expect(networkFailure(cause, 15_000)).toEqual({ code, why });
});
