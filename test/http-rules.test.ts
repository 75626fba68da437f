// Tests how `tidemark/rules` judges a response: whether it is stored, how long, and by which field.
import { describe, expect, it } from "vitest";
import {
  answerRulesFor,
  isAnalyticsCookie,
  isCredentialField,
  storingOf,
} from "../src/http-rules.ts";

describe("the fields of a response", () => {
  it.each([
    [{}, { kind: "unstated" }],
    [{ "cache-control": "max-age=60" }, { kind: "fresh", seconds: 60 }],
    [{ "cache-control": "max-age=60, s-maxage=5" }, { kind: "fresh", seconds: 5 }],
    [
      { "cache-control": "max-age=60", "surrogate-control": "max-age=90" },
      { kind: "fresh", seconds: 90, statedBy: "Surrogate-Control: max-age=90" },
    ],
    [
      { "cdn-cache-control": "max-age=7", "surrogate-control": "max-age=90" },
      { kind: "fresh", seconds: 7, statedBy: "CDN-Cache-Control: max-age=7" },
    ],
    [{ expires: "0" }, { kind: "validated", statedBy: "Expires: 0" }],
    [{ "cache-control": "no-cache" }, { kind: "validated" }],
    [{ "cache-control": "no-store" }, { kind: "refused", rule: "no-store" }],
    [{ "cache-control": "private" }, { kind: "refused", rule: "private" }],
    [{ "set-cookie": "sid=1" }, { kind: "refused", rule: "set-cookie" }],
    [{ "set-cookie": "_ga=1" }, { kind: "unstated" }],
    [{ vary: "*" }, { kind: "refused", rule: "vary-any" }],
  ])("decide on storing: %j", (lines, storing) => {
    expect(storingOf({ status: 200, headers: new Headers(lines) }, 0)).toMatchObject(storing);
  });
});

it("the rules on answers are judged as in the Worker", () => {
  const rules = [
    { when: { type: "image/*" }, fresh: "1h" },
    { when: { header: { "X-Error": true } }, store: false },
    { when: { status: 200, contentLength: { max: 5 } }, fresh: "1m" },
  ] as const;
  const headers = { "content-type": "image/png", "content-length": "5" };
  const fitting = answerRulesFor(new Response(null, { headers }), rules);
  expect(fitting).toEqual({ rules: [0, 2], freshSeconds: 60 });
  expect(answerRulesFor(new Response(null), rules)).toBeUndefined();
});

it.each([
  ["X-Api-Key", true],
  ["authorization", true],
  ["idempotency-key", false],
  ["accept", false],
  ["my own-key", false],
])("the field %j looks like a credential: %s", (name, isOne) => {
  expect(isCredentialField(name)).toBe(isOne);
});

it.each([
  ["_ga_42", true],
  ["sid", false],
])("the cookie %j is of a known analytics script: %s", (name, isOne) => {
  expect(isAnalyticsCookie(name)).toBe(isOne);
});
