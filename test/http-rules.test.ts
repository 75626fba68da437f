// Tests how `tidemark/rules` judges a response: whether it is stored, how long, and by which field.
import { describe, expect, it, vi } from "vitest";
import { defineConfig } from "../src/config/config.ts";
import {
  answerRulesFor,
  isAnalyticsCookie,
  isCredentialField,
  openReplay,
  storingOf,
} from "../src/http-rules.ts";
import { defineRule } from "../src/part/rule/define-rule.ts";
import type { Rule } from "../src/part/rule/rule.ts";

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

it("a replay answers the requests of a log in the time of the log", async () => {
  const config = defineConfig({ routes: [{ name: "pages", match: "*", fresh: "10s" }] });
  const settings = { isolateCount: 1, freshSeconds: undefined, recordsMax: 10 };
  const replay = await openReplay(config, settings);
  const asked = { colo: "A", method: "GET", host: "www.example.com", target: "/a?utm_id=1" };
  const answer = { status: 200, bytes: 1_000, originMs: 100 };
  const results = [0, 9, 11].map((second) =>
    replay.play({ ...asked, ...answer, atMs: Date.UTC(2026, 10, 1) + 1_000 * second }),
  );
  const place = { route: "pages", page: "/a" };
  const origin = { bytes: 1_000, isRefresh: false, lifetimeFrom: "route-second" };
  expect(results).toEqual([
    { ...place, outcome: "stored", origin },
    { ...place, outcome: "hit" },
    { ...place, outcome: "stored", origin },
  ]);
});

it("a replay lets no rule send a request", async () => {
  const fetched = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response());
  const asking = (name: string, admits: Rule["admits"]) => defineRule({ name, admits });
  const use = [
    asking("waits", () => fetch("https://a.invalid").then(() => undefined)),
    asking("notes", () => void fetch("https://b.invalid")),
  ];
  const config = defineConfig({ routes: [{ name: "pages", match: "*", fresh: "10s", use }] });
  const settings = { isolateCount: 1, freshSeconds: undefined, recordsMax: 10 };
  const replay = await openReplay(config, settings);
  const asked = { colo: "A", method: "GET", host: "www.example.com", target: "/a" };
  replay.play({ ...asked, status: 200, bytes: 1, originMs: 1, atMs: 0 });
  expect(replay.rules.leftOut).toEqual(["waits (admits)"]);
  expect(fetched).not.toHaveBeenCalled();
  await fetch("https://c.invalid");
  expect(fetched).toHaveBeenCalledTimes(1);
  fetched.mockRestore();
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
