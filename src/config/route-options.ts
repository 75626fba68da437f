// The schema of a route, with the error messages. `written-route.ts` documents the options, and
// `route.ts` sets the defaults.
import { isPart, type RoutePart } from "../part/port/part.ts";
import * as v from "valibot";
import { finite } from "../base/schemas.ts";
import { isTrace } from "../rules/methods.ts";
import {
  anonymous,
  between,
  cookieNames,
  conditions,
  cookiePatterns,
  credentialFields,
  duration,
  durationOr,
  keyedNames,
  fields,
  type FormsOf,
  fieldNames,
  lagSeconds,
  languages,
  lifetimes,
  list,
  notEmpty,
  mediaTypes,
  patterns,
  settleSeconds,
  strictly,
  text,
  yesOrNo,
} from "./forms.ts";
import { type Device, isDevice } from "./normal-forms.ts";
import { answerRules } from "./answer-options.ts";
import { edits } from "./edit-options.ts";
import { patternFault } from "./route-pattern.ts";
import { listed, tierNames } from "./tier-names.ts";
import {
  type WrittenRoute,
  type TagsOf,
  type WrittenQuery,
  cfNames,
  type WrittenKey,
  type WrittenRouteCookies,
} from "./written-route.ts";
import type { WrittenRoutePurge } from "./written-purge.ts";
import {
  type WrittenRouteOrigin,
  type WrittenErrorPage,
  type WrittenRequest,
  type WrittenResponse,
} from "./written-origin.ts";

const pattern = v.pipe(
  text("/articles/:slug"),
  v.check(
    (written) => patternFault(written) === undefined,
    ({ input }) => patternFault(input) ?? "",
  ),
);

/** A path without a slash at its end, whose spelling no server reads in another way. */
const placePath = v.pipe(
  text("/blog"),
  v.check(
    (path) => path === "/" || /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(path),
    ({ input }) =>
      `${JSON.stringify(input)} is not "/", or a path of letters, digits, "-", "_", "." and "~" without a slash at its end, such as "/blog"`,
  ),
);

/** GET includes HEAD, because both share stored responses. */
const methods = v.pipe(
  list(
    v.pipe(
      v.string("must be a method"),
      v.regex(
        /^[A-Z][A-Z-]*$/,
        ({ input }) =>
          `${JSON.stringify(input)} is not a method: write it in capital letters, such as "POST"`,
      ),
    ),
    'must be a list of methods, such as ["POST", "PUT"]',
  ),
  notEmpty,
  v.check(
    (names) => !names.includes("HEAD") || names.includes("GET"),
    'has HEAD without GET, but both share stored responses; write "GET", which includes HEAD',
  ),
  v.check(
    (names) => !names.some((method) => isTrace({ method })),
    "has TRACE, whose answer would show clients the fields that Tidemark adds for the origin; remove it",
  ),
);

const originName = text("bucket");

const settings = fields("a route", {
  methods,
  when: conditions,
  bypass: yesOrNo,
  mode: v.picklist(["default", "override"], 'must be "default" or "override"'),
  origin: v.union(
    [
      originName,
      fields("origin", {
        name: originName,
        from: placePath,
        to: placePath,
        host: v.pipe(
          text("blog.example"),
          v.regex(
            /^[a-z\d.-]+(?::\d{1,5})?$/,
            'must be a host in small letters without a scheme, such as "blog.example"',
          ),
        ),
      } satisfies FormsOf<WrittenRouteOrigin>),
    ],
    'must be a name of origins, such as "bucket", or an object such as { name: "blog", from: "/blog" }',
  ),
  request: fields("request", { headers: edits } satisfies FormsOf<WrittenRequest>),
  response: fields("response", { headers: edits } satisfies FormsOf<WrittenResponse>),
  errorPage: strictly(
    "errorPage",
    {
      html: v.pipe(
        text("<h1>Back soon</h1>"),
        v.check((html) => new TextEncoder().encode(html).length <= 65_536, "is larger than 64 KiB"),
      ),
      originErrors: v.optional(yesOrNo),
    } satisfies FormsOf<WrittenErrorPage>,
    'must be an object, such as { html: "<h1>Back soon</h1>" }',
  ),
  fresh: v.union(
    [duration, lifetimes(duration, 200, '{ 200: "60s" }')],
    'must be a duration such as "5m", or durations by status such as { 200: "60s" }',
  ),
  negative: lifetimes(
    durationOr("origin", "the origin's own lifetime"),
    300,
    '{ 404: "30s", 503: "origin" }',
  ),
  browser: durationOr("immutable", "for files that never change"),
  validators: v.literal("content", 'must be "content", or left out'),
  staleWhileRevalidate: duration,
  staleIfError: duration,
  admission: v.picklist(["first-ask", "second-ask"], 'must be "first-ask" or "second-ask"'),
  tiers: v.array(
    v.picklist(tierNames, `has an unknown tier; the tiers are ${listed(tierNames)}`),
    'must be a list of tiers, such as ["memory", "edge"]',
  ),
  query: fields("query", {
    allow: patterns,
    order: v.literal("sort", 'must be "sort", or left out'),
  } satisfies FormsOf<WrittenQuery>),
  key: fields("key", {
    headers: keyedNames,
    cookies: cookieNames,
    cf: v.array(
      v.picklist(
        cfNames,
        ({ input }) =>
          `has ${JSON.stringify(input)}, but allows only ${cfNames.map((name) => JSON.stringify(name)).join(", ")}`,
      ),
      'must be a list, such as ["country"]',
    ),
    language: languages,
    accept: mediaTypes,
    device: v.custom<Device>(isDevice, "is not a device detector: write device()"),
  } satisfies FormsOf<WrittenKey>),
  answer: answerRules,
  deceptionArmour: yesOrNo,
  inheritTags: yesOrNo,
  forward: fieldNames,
  credentialFields,
  anonymous,
  cookies: fields("cookies", { ignore: cookiePatterns } satisfies FormsOf<WrittenRouteCookies>),
  setCookie: v.picklist(["respect", "strip"], 'must be "respect" or "strip"'),
  tags: v.custom<readonly string[] | TagsOf>(
    (tags) =>
      typeof tags === "function" ||
      (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")),
    "must be a list of tags, or a function that makes one from the path's parameters",
  ),
  honourRequestDirectives: yesOrNo,
  jitter: v.pipe(finite("must be a number from 0 to 1"), ...between(0, 1)),
  earlyRefresh: yesOrNo,
  invalidate: v.picklist(["here", "everywhere"], 'must be "here" or "everywhere"'),
  purge: fields("purge", {
    maxLagSeconds: lagSeconds,
    settleSeconds,
    age: v.literal("ignore", 'must be "ignore", or left out'),
  } satisfies FormsOf<WrittenRoutePurge>),
  use: v.array(
    v.custom<RoutePart>((value) => isPart(value, "route"), notOfRoute),
    "must be a list of parts, such as [slices()]",
  ),
  whenUnreachable: v.literal("serve", 'must be "serve", or left out'),
} satisfies FormsOf<Omit<WrittenRoute, "name" | "match">>);

function notOfRoute({ input }: { readonly input: unknown }): string {
  return isPart(input, "site")
    ? `has ${input.name}(), a part of the site: write it in \`parts\` of the configuration`
    : "is not a part of a route: write slices(), for example";
}

/** All fields of a route, with their error messages. */
export const routeInput = strictly("a route", {
  name: text("article"),
  match: v.union(
    [pattern, v.pipe(list(pattern), v.minLength(1, "is empty"))],
    'must be a pattern, such as "/articles/:slug", or a list of patterns',
  ),
  ...settings.entries,
});

/** Input of the schema: `WrittenRoute` with any strings for durations. */
export type RouteInput = v.InferInput<typeof routeInput>;
