// Tests properties of every verdict with generated fields, clocks, purges and routes. A verdict
// says what a request may do with a stored response: answer, answer stale, validate or forward.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { requestDirectives, governingDirectives } from "../../../src/rules/cache-control.ts";
import { endToEndFields, withoutQualified } from "../../../src/rules/storable.ts";
import { headersOf } from "../../../src/rules/fields.ts";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { Invalidations } from "../../../src/pages/site/remembered-keys.ts";
import { noJournal, type PurgeJudgement } from "../../../src/purge/view/view-port.ts";
import { ageSeconds, keepUntilAtMs, termsOf } from "../../../src/pages/stored/lifetime.ts";
import { decide, decideOnError, type Verdict } from "../../../src/pages/reuse/may-answer.ts";
import { decodeRecord, encodeRecord } from "../../../src/cache/tiers/record-codec.ts";
import { dateText } from "../../../testing/examples/generated-dates.ts";
import {
  controlText,
  etag,
  requestControl,
  responseControl,
  shortSpans,
} from "../../../testing/examples/generated-fields.ts";
import {
  metadataWith,
  type RouteChanges,
  routeWith,
  storedAtMs,
} from "../../../testing/examples/requests.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { KnownReleases } from "../../../src/purge/view/known-releases.ts";

const runs = { seed: 5_861, numRuns: 2_000 };
/** Fewer runs, for properties that skip no generated situation. */
const fewRuns = { ...runs, numRuns: 500 };

const spans = ["0s", "10s", "60s"] as const;
const routeChanges: readonly RouteChanges[] = [
  {},
  { fresh: "60s" },
  { fresh: "10s", mode: "override" },
  ...spans.map((span): RouteChanges => ({ staleWhileRevalidate: span, staleIfError: span })),
];
const routes = routeChanges.map((changes) => routeWith(changes));

const judgements: readonly PurgeJudgement[] = [
  ...Array.from({ length: 5 }, () => ({ kind: "usable" }) as const),
  { kind: "purged", mode: "hard" },
  { kind: "purged", mode: "soft", sinceAtMs: storedAtMs + 5_000 },
  { kind: "unverified", why: "view-too-old" },
];

const dates = dateText(-600, -60, 0, 10, 60, 600).map(({ text }) => text);

const responseLines = fc
  .record(
    {
      "cache-control": responseControl.map(controlText),
      "cdn-cache-control": fc.constantFrom("max-age=30", "no-cache", "no-store", "x", "("),
      date: dates,
      expires: dates,
      "last-modified": dates,
      age: fc.constantFrom("0", "5", "60", "2147483649"),
      etag,
    },
    { requiredKeys: ["cache-control"] },
  )
  .map((lines) => Object.entries(lines));

const stored: fc.Arbitrary<StoredMetadata> = fc
  .record({
    lines: responseLines,
    status: fc.constantFrom(200, 302, 404, 503),
    delayMs: fc.constantFrom(0, 1, 10_000),
  })
  .map(({ lines, status, delayMs }) => {
    const received = headersOf(lines);
    const { directives } = governingDirectives(received);
    const fields = withoutQualified(endToEndFields(received), directives);
    return metadataWith({}, { status, fields, requestedAtMs: storedAtMs - delayMs });
  });

interface Situation {
  readonly metadata: StoredMetadata;
  readonly question: Parameters<typeof decide>[1];
  readonly judged: PurgeJudgement;
  readonly isInvalidated: boolean;
}

const config = defineConfig({});

const situation: fc.Arbitrary<Situation> = fc
  .record({
    metadata: stored,
    asks: fc.option(requestControl.map(controlText), { nil: "", freq: 2 }),
    route: fc.constantFrom(...routes),
    heuristics: fc.boolean(),
    judged: fc.constantFrom(...judgements),
    isInvalidated: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
    hasUnknownCookie: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    credentials: fc.integer({ min: 0, max: 19 }).map((n) => (n === 0 ? ["x-api-key"] : [])),
    restedSeconds: shortSpans,
    fractionMs: fc.constantFrom(0, 1, 999, -5_000),
  })
  .map(({ metadata, judged, isInvalidated, ...given }) => ({
    metadata,
    judged,
    isInvalidated,
    question: {
      request: {
        route: { ...given.route, heuristics: given.heuristics },
        directives: requestDirectives(new Headers({ "cache-control": given.asks })),
        hasUnknownCookie: given.hasUnknownCookie,
        forwarded: { credentials: given.credentials },
      },
      exchange: {
        colo: () => "HAM",
        site: {
          config,
          view: { ...noJournal, judge: () => judged },
          releases: new KnownReleases(),
          invalidations: Object.assign(new Invalidations(), { covers: () => isInvalidated }),
        },
      },
      atMs: storedAtMs + given.restedSeconds * 1_000 + given.fractionMs,
    },
  }));

const candidateOf = (metadata: StoredMetadata) =>
  ({ stored: { metadata, body: { kind: "absent" } }, tier: "memory" }) as const;

const verdictOn = ({ metadata, question }: Situation): Verdict =>
  decide(candidateOf(metadata), question);

/** Returns a copy for a comparison of contents, without functions and `undefined`. */
function comparable(verdict: Verdict): unknown {
  return JSON.parse(JSON.stringify(verdict)) as unknown;
}

describe("a verdict", () => {
  it("serves a response as fresh only if lifetime, purges, no-cache and request allow it", () => {
    let servedCount = 0;
    fc.assert(
      fc.property(situation, (given) => {
        const verdict = verdictOn(given);
        if (verdict.kind !== "serve") return;
        servedCount += 1;
        const { metadata, question, judged, isInvalidated } = given;
        const terms = termsOf(metadata, question.request.route);
        const age = ageSeconds(metadata, terms, question.atMs);
        expect([verdict.ageSeconds, verdict.ttlSeconds]).toEqual([
          age,
          terms.lifetimeSeconds - age,
        ]);
        expect(age).toBeLessThan(terms.lifetimeSeconds);
        expect([judged.kind, isInvalidated]).toEqual(["usable", false]);
        expect(terms.alwaysValidate || question.request.directives.noCache).toBe(false);
        const { maxAgeSeconds, minFreshSeconds } = question.request.directives;
        expect(age).toBeLessThanOrEqual(maxAgeSeconds ?? Infinity);
        expect(verdict.ttlSeconds).toBeGreaterThanOrEqual(minFreshSeconds ?? 0);
      }),
      runs,
    );
    expect(servedCount).toBeGreaterThan(50);
  });

  it("never serves a hard-purged, invalidated or unverified response, even after an error", () => {
    let staleCount = 0;
    fc.assert(
      fc.property(situation, (given) => {
        const { metadata, question, judged, isInvalidated } = given;
        const terms = termsOf(metadata, question.request.route);
        const answers = [
          decideOnError(candidateOf(metadata), question) !== undefined,
          ["serve", "serve-stale"].includes(verdictOn(given).kind),
        ];
        const isSpent = judged.kind === "purged" && judged.mode === "hard";
        const isForbidden = isSpent || isInvalidated || judged.kind === "unverified";
        expect(isForbidden && answers.includes(true)).toBe(false);
        if (verdictOn(given).kind !== "serve-stale") return;
        staleCount += 1;
        expect(terms.neverStale || terms.alwaysValidate).toBe(false);
      }),
      runs,
    );
    expect(staleCount).toBeGreaterThan(50);
  });

  it("serves a personal request only an explicitly shared response, without Vary", () => {
    let personalCount = 0;
    fc.assert(
      fc.property(situation, (given) => {
        const { hasUnknownCookie, forwarded, route } = given.question.request;
        if (!hasUnknownCookie && forwarded.credentials.length === 0) return;
        if (!["serve", "serve-stale"].includes(verdictOn(given).kind)) return;
        personalCount += 1;
        expect(termsOf(given.metadata, route).isShared).toBe(true);
      }),
      { ...runs, numRuns: 3_000 },
    );
    expect(personalCount).toBeGreaterThan(5);
  });

  it("never lets a response become fresh again as time passes", () => {
    fc.assert(
      fc.property(situation, fc.nat({ max: 700_000 }), (given, laterMs) => {
        const { atMs } = given.question;
        const later = { ...given, question: { ...given.question, atMs: atMs + laterMs } };
        const { metadata, question } = given;
        const terms = termsOf(metadata, question.request.route);
        const [before, after] = [atMs, atMs + laterMs].map((at) => ageSeconds(metadata, terms, at));
        expect(before).toBeGreaterThanOrEqual(0);
        expect(after).toBeGreaterThanOrEqual(before ?? 0);
        const [kind, laterKind] = [verdictOn(given).kind, verdictOn(later).kind];
        expect(laterKind === "serve" && kind !== "serve").toBe(false);
      }),
      fewRuns,
    );
  });

  it("is the same for a record that was encoded and decoded again", () => {
    fc.assert(
      fc.property(situation, (given) => {
        const { metadata, question } = given;
        const terms = termsOf(metadata, question.request.route);
        const untilAtMs = keepUntilAtMs(metadata, terms);
        const read = decodeRecord(
          encodeRecord({ kind: "response", metadata }, untilAtMs, responseForm),
          responseForm,
        );
        if (read?.record.kind !== "response")
          throw new Error("The decoded record is not a response.");
        expect(read.keepUntilAtMs).toBe(untilAtMs);
        expect(termsOf(read.record.metadata, question.request.route)).toEqual(terms);
        const again = verdictOn({ ...given, metadata: read.record.metadata });
        expect(comparable(again)).toEqual(comparable(verdictOn(given)));
      }),
      fewRuns,
    );
  });
});
