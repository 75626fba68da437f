// Tests valid configurations: which value each written or omitted option gets.
import { describe, expect, it } from "vitest";
import {
  analyticsCookies,
  consentCookies,
  defineConfig,
  trackingParameters,
} from "../../src/config/config.ts";
import { matchesAny } from "../../src/config/known-names.ts";
import { readPattern } from "../../src/config/route-pattern.ts";
import type { WrittenConfig } from "../../src/config/written.ts";

const route = (changes: object) => ({ routes: [{ name: "news", match: "/news/*", ...changes }] });

describe("defineConfig", () => {
  it("fills in the defaults of the configuration", () => {
    const { routes, origins, stripQuery, harmlessCookies, ...rest } = defineConfig({});
    expect([routes, origins.size]).toEqual([[], 0]);
    expect([stripQuery, harmlessCookies]).toEqual([trackingParameters, analyticsCookies]);
    expect(rest).toMatchObject({
      namespace: "tidemark",
      originTimeout: { firstByteMs: 30_000, betweenBytesMs: 30_000 },
      tagFields: [],
      anywhere: { heuristics: false },
      cacheInFront: false,
      limits: {
        bufferBytes: 4_194_304,
        sharedBodyBytes: 1_048_576,
        memoryBytes: 33_554_432,
        databaseBytes: undefined,
        variants: 100,
      },
    });
  });

  it.each([
    [{ sharedBodyBytes: 7_340_032 }, 7_340_032],
    [{ sharedBodyBytes: 7_340_032, bufferBytes: 8_388_608 }, 8_388_608],
    [{ sharedBodyBytes: 524_288 }, 4_194_304],
  ])("holds each body whole that Redis stores: %j", (limits, bufferBytes) => {
    expect(defineConfig({ limits }).limits.bufferBytes).toBe(bufferBytes);
  });

  it("fills in the defaults of a route", () => {
    const { tags, credentials, ...plain } = defineConfig(route({})).routes[0] ?? {};
    expect(tags?.({})).toEqual([]);
    expect(credentials?.entryFor("x-api-key")).toBe("*-key");
    expect(plain).toStrictEqual({
      name: "news",
      match: [readPattern("/news/*")],
      methods: undefined,
      when: undefined,
      bypass: false,
      place: undefined,
      requestEdits: undefined,
      responseEdits: undefined,
      errorPage: undefined,
      forward: undefined,
      replacesOriginErrors: false,
      mode: "default",
      origin: "default",
      fallbacks: [],
      isFallback: false,
      freshSeconds: undefined,
      freshSecondsByStatus: new Map(),
      negativeByStatus: new Map(),
      targets: ["CDN-Cache-Control"],
      heuristics: false,
      staleWhileRevalidateSeconds: 0,
      staleIfErrorSeconds: 0,
      browserSeconds: undefined,
      isImmutable: false,
      tiers: ["memory", "edge", "shared"],
      admission: undefined,
      queryAllow: undefined,
      sortsQuery: false,
      keyHeaders: [],
      decidingHeaders: [],
      normalForms: undefined,
      keyCookies: [],
      keyCf: [],
      ignoreCookies: [],
      answer: [],
      deceptionArmour: true,
      inheritsTags: true,
      setCookie: "respect",
      waitTimeoutMs: 10_000,
      jitter: 0,
      earlyRefresh: true,
      honourRequestDirectives: false,
      invalidate: "here",
      purgeMaxLagMs: 10_000,
      purgeSettleSeconds: 0,
      ignoresAge: false,
      hasContentTags: false,
      builds: undefined,
      phases: {},
      use: [],
      traits: {},
      servesUnverified: false,
      idleFields: [],
      neutralFields: {
        accept: "text/html,application/xhtml+xml,*/*;q=0.8",
        "user-agent": "Tidemark",
      },
    });
  });

  it.each([
    [["Vercel-CDN-Cache-Control"], ["Vercel-CDN-Cache-Control", "CDN-Cache-Control"]],
    [
      ["cdn-cache-control", "b-cache-control"],
      ["cdn-cache-control", "b-cache-control"],
    ],
  ])("adds CDN-Cache-Control to a target list that lacks it: %j", (targets, resolved) => {
    expect(defineConfig({ targets }).anywhere.targets).toEqual(resolved);
  });

  const lists = { headers: ["X-B", "x-a"], cookies: ["b", "a"], cf: ["country", "colo"] };

  it.each([
    [{ invalidate: "everywhere" }, { invalidate: "everywhere" }],
    // Responses on a bypassed route may also invalidate pages of other routes.
    [
      { bypass: true, invalidate: "everywhere" },
      { bypass: true, invalidate: "everywhere" },
    ],
    [{ browser: "0s" }, { browserSeconds: 0 }],
    [{ browser: "immutable" }, { browserSeconds: 31_536_000, isImmutable: true }],
    [{ fresh: "5m" }, { freshSeconds: 300 }],
    [{ staleWhileRevalidate: "1h" }, { staleWhileRevalidateSeconds: 3_600 }],
    [{ staleIfError: "365d" }, { staleIfErrorSeconds: 31_536_000 }],
    [{ tiers: ["shared", "memory"] }, { tiers: ["memory", "shared"] }],
    [
      { key: lists },
      { keyHeaders: ["x-a", "x-b"], keyCookies: ["a", "b"], keyCf: ["colo", "country"] },
    ],
    [{ admission: "second-ask", tiers: ["edge", "shared"] }, { admission: "second-ask" }],
    [{ origin: "default" }, { origin: "default" }],
  ])("resolves the route options %j", (changes, resolved) => {
    expect(defineConfig(route(changes) as WrittenConfig).routes[0]).toMatchObject(resolved);
  });

  it("resolves lifetimes by status", () => {
    const written = { fresh: { 200: "60s", 301: "1h" }, negative: { 404: "30s" } } as const;
    const resolved = defineConfig(route(written)).routes[0];
    expect(resolved?.freshSeconds).toBeUndefined();
    expect([...(resolved?.freshSecondsByStatus ?? [])].flat()).toEqual([200, 60, 301, 3_600]);
    expect([...(resolved?.negativeByStatus ?? [])].flat()).toEqual([404, 30]);
  });

  it("allows heuristic lifetimes on all routes", () => {
    const { routes, anywhere } = defineConfig({ heuristics: true, ...route({}) });
    expect([...routes, anywhere].map((one) => one.heuristics)).toEqual([true, true]);
  });

  it("accepts the smallest and the largest number of variants", () => {
    const bounds = [1, 500].map((variants) => defineConfig({ limits: { variants } }));
    expect(bounds.map(({ limits }) => limits.variants)).toEqual([1, 500]);
  });

  it("accepts the shortest and the longest timeouts", () => {
    const both = { firstByte: "2s", betweenBytes: "1d" } as const;
    const written = ["1s", "1d", { betweenBytes: "5s" }, both] as const;
    const timeouts = written.map((originTimeout) => defineConfig({ originTimeout }).originTimeout);
    expect(timeouts.map((one) => [one.firstByteMs, one.betweenBytesMs])).toEqual([
      [1_000, 30_000],
      [86_400_000, 30_000],
      [30_000, 5_000],
      [2_000, 86_400_000],
    ]);
  });
});

describe("the built-in name lists", () => {
  const strip = (given: WrittenConfig["key"]) => defineConfig({ key: given ?? {} }).stripQuery;

  it("keep their names when a configuration adds others, without duplicates", () => {
    expect(strip({ query: { strip: ["ref", "gclid"] } })).toEqual([...trackingParameters, "ref"]);
    expect(strip({ query: { strip: [] } })).toEqual(trackingParameters);
    const { harmlessCookies } = defineConfig({ cookies: { harmless: ["theme"] } });
    expect(harmlessCookies).toEqual([...analyticsCookies, "theme"]);
    const consented = defineConfig({ cookies: { harmless: consentCookies } }).harmlessCookies;
    expect(matchesAny(consented, "cmplz_marketing")).toBe(true);
  });

  it("are replaced by the names in `only`", () => {
    expect(strip({ query: { strip: { only: ["ref"] } } })).toEqual(["ref"]);
    const { harmlessCookies } = defineConfig({ cookies: { harmless: { only: [] } } });
    expect(harmlessCookies).toEqual([]);
  });

  it.each(["session", "__hsmem", "__hs_cookie_cat_pref", "__cflb", "AWSALB", "CookieConsent"])(
    "do not contain a cookie that an origin may read: %s",
    (name) => expect(matchesAny(analyticsCookies, name)).toBe(false),
  );
});

describe("the name patterns of trackingParameters", () => {
  it.each([
    { id: "itself", name: "gclid", matches: true },
    { id: "longer", name: "gclid2", matches: false },
    { id: "under-a-star", name: "utm_source", matches: true },
    { id: "star-for-nothing", name: "utm_", matches: true },
    { id: "of-an-ad", name: "gad_campaignid", matches: true },
    { id: "of-a-campaign", name: "pk_campaign", matches: true },
    { id: "a-primary-key", name: "pk_id", matches: false },
    { id: "case", name: "GCLID", matches: false },
    { id: "empty", name: "", matches: false },
  ])("match a name or not: $id", ({ name, matches }) => {
    expect(matchesAny(trackingParameters, name)).toBe(matches);
  });
});
