// Why no answer came, in words; where there are none, by its code.
import { expect, it } from "vitest";
import { networkFailure } from "../../src/asking/network-failure.ts";

const byCode = (code: string) =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("at 10.0.0.1"), { code }) });

it.each([
  {
    cause: new DOMException("late", "TimeoutError"),
    is: { code: "too-late", why: "No answer came within 15 s" },
  },
  {
    cause: byCode("UNABLE_TO_GET_ISSUER_CERT"),
    is: { code: "certificate", why: "The request failed with UNABLE_TO_GET_ISSUER_CERT" },
  },
  {
    cause: byCode("ECONNREFUSED"),
    is: { code: "unreachable", why: "No server listens at this address" },
  },
  {
    cause: byCode("CERT_HAS_EXPIRED"),
    is: { code: "certificate", why: "Its certificate has expired" },
  },
  {
    cause: byCode("CERT_UNTRUSTED"),
    is: { code: "certificate", why: "The request failed with CERT_UNTRUSTED" },
  },
  {
    cause: new TypeError("at 10.0.0.1"),
    is: { code: "unreachable", why: "The request failed with TypeError" },
  },
  {
    cause: new TypeError("fetch failed", { cause: new Error("bad port") }),
    is: { code: "unreachable", why: "The request failed with bad port" },
  },
  { cause: 1, is: { code: "unreachable", why: "The request failed with an unknown failure" } },
])("$is.why", ({ cause, is }) => {
  expect(networkFailure(cause, 15_000)).toEqual(is);
});
