// The schema of a route, with the error messages. `written-route.ts` documents the options, and
// `route.ts` sets the defaults.
import * as z from "zod/mini";
import {
  anonymous,
  between,
  cookieNames,
  cookiePatterns,
  credentialFields,
  duration,
  durationOrOrigin,
  keyedNames,
  fields,
  type FormsOf,
  fieldNames,
  hitRate,
  lagSeconds,
  lifetimes,
  patterns,
  secondsToADay,
  settleSeconds,
  strictly,
  text,
  yesOrNo,
} from "./forms.ts";
import { patternFault } from "./route-pattern.ts";
import { listed, tierNames } from "./tier-names.ts";
import {
  type WrittenRoute,
  type WrittenWhen,
  type TagsOf,
  type WrittenQuery,
  cfNames,
  type WrittenKey,
  type WrittenRouteCookies,
  type WrittenRoutePurge,
} from "./written-route.ts";

const pattern = text("/articles/:slug").check(
  z.refine((written) => patternFault(written) === undefined, {
    error: ({ input }) => patternFault(String(input)) ?? "",
  }),
);

/** GET includes HEAD, because both share stored responses. */
const methods = z
  .readonly(
    z.array(
      z.string("must be a method").check(
        z.refine((method) => /^[A-Z][A-Z-]*$/.test(method), {
          error: ({ input }) =>
            `${JSON.stringify(input)} is not a method: write it in capital letters, such as "POST"`,
        }),
      ),
      'must be a list of methods, such as ["POST", "PUT"]',
    ),
  )
  .check(
    z.refine((names) => names.length > 0, "is empty, so no request would match this route"),
    z.refine(
      (names) => !names.includes("HEAD") || names.includes("GET"),
      'has HEAD without GET, but both share stored responses; write "GET", which includes HEAD',
    ),
  );

const settings = fields("a route", {
  methods,
  when: z.strictObject(
    {
      cookie: cookiePatterns.check(
        z.refine((names) => names.length > 0, "is empty, so no request would match this route"),
      ),
    } satisfies FormsOf<WrittenWhen>,
    { error: strictly("when") },
  ),
  bypass: yesOrNo,
  mode: z.enum(["default", "override"], 'must be "default" or "override"'),
  origin: text("bucket"),
  fresh: z.union([duration, lifetimes(duration, 200, '{ 200: "60s" }')], {
    error: 'must be a duration such as "5m", or durations by status such as { 200: "60s" }',
  }),
  negative: lifetimes(durationOrOrigin, 300, '{ 404: "30s", 503: "origin" }'),
  browser: duration,
  immutable: yesOrNo,
  staleWhileRevalidate: duration,
  staleIfError: duration,
  admission: z.enum(["first-ask", "second-ask"], 'must be "first-ask" or "second-ask"'),
  tiers: z.array(
    z.enum(tierNames, `has an unknown tier; the tiers are ${listed(tierNames)}`),
    'must be a list of tiers, such as ["memory", "edge"]',
  ),
  query: fields("query", {
    allow: patterns,
    order: z.literal("sort", 'must be "sort", or left out'),
    noVarySearch: yesOrNo,
  } satisfies FormsOf<WrittenQuery>),
  queryMethod: z.enum(["raw", "json"], 'must be "raw" or "json"'),
  key: fields("key", {
    headers: keyedNames,
    cookies: cookieNames,
    cf: z.array(
      z.enum(cfNames, {
        error: ({ input }) =>
          `has ${JSON.stringify(input)}, but allows only ${cfNames.map((name) => JSON.stringify(name)).join(", ")}`,
      }),
      'must be a list, such as ["country"]',
    ),
  } satisfies FormsOf<WrittenKey>),
  forward: fieldNames,
  credentialFields,
  anonymous,
  cookies: fields("cookies", { ignore: cookiePatterns } satisfies FormsOf<WrittenRouteCookies>),
  setCookie: z.enum(["respect", "strip"], 'must be "respect" or "strip"'),
  on304: z.enum(["update", "refetch"], 'must be "update" or "refetch"'),
  jitter: z.number("must be a number from 0 to 1").check(...between(0, 1)),
  tags: z.custom<readonly string[] | TagsOf>(
    (tags) =>
      typeof tags === "function" ||
      (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")),
    "must be a list of tags, or a function that makes one from the path's parameters",
  ),
  honourRequestDirectives: yesOrNo,
  collapse: z.enum(["isolate", "global"], 'must be "isolate" or "global"'),
  waitTimeout: secondsToADay,
  earlyRefresh: z.number("must be a number, such as 1, or 0 for none").check(...between(0, 10)),
  refreshAhead: duration,
  invalidate: z.enum(["here", "everywhere"], 'must be "here" or "everywhere"'),
  purge: fields("purge", {
    maxLagSeconds: lagSeconds,
    settleSeconds,
  } satisfies FormsOf<WrittenRoutePurge>),
  hitRateMin: hitRate,
  ranges: z.literal("slices", 'must be "slices", or left out'),
  whenUnreachable: z.literal("serve", 'must be "serve", or left out'),
} satisfies FormsOf<Omit<WrittenRoute, "name" | "match">>);

/** All fields of a route, with their error messages. */
export const routeInput = z.strictObject(
  {
    name: text("article"),
    match: z.union(
      [
        pattern,
        z.readonly(z.array(pattern)).check(z.refine((list) => list.length > 0, "is empty")),
      ],
      { error: 'must be a pattern, such as "/articles/:slug", or a list of patterns' },
    ),
    ...settings.shape,
  },
  { error: strictly("a route") },
);

/** Input of the schema: `WrittenRoute` with any strings for durations. */
export type RouteInput = z.input<typeof routeInput>;
