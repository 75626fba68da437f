// The form of one route of a configuration.
import * as z from "zod/mini";
import {
  duration,
  durationOrOrigin,
  fieldNames,
  forwardedNames,
  lagSeconds,
  lifetimes,
  notBuiltYet,
  patterns,
  secondsToADay,
  settleSeconds,
  strictly,
  text,
  texts,
  yesOrNo,
} from "./forms.ts";

const pathPattern = /^(?:\/(?::\w+|(?!:)[^/*?#]*))*(?:\/\*)?$/;

/** All that an operator may write of a route, and what is said of a mistake. */
export const routeInput = z.strictObject(
  {
    name: text("article"),
    match: text("/articles/:slug").check(
      z.refine((match) => match === "*" || match.startsWith("/"), {
        error: ({ input }) =>
          `${JSON.stringify(input)} matches nothing: write "*" or a path that begins with "/"`,
      }),
      z.refine((match) => !match.startsWith("/") || pathPattern.test(match), {
        error: 'is not made of literal segments, ":name", and "*" as the last one',
      }),
    ),
    bypass: z.optional(yesOrNo),
    mode: z.optional(z.enum(["default", "override"], 'must be "default" or "override"')),
    origin: z.optional(text("bucket")),
    fresh: z.optional(
      z.union([duration, lifetimes(duration, 200, '{ 200: "60s" }')], {
        error: 'is a duration such as "5m", or durations by status such as { 200: "60s" }',
      }),
    ),
    negative: z.optional(lifetimes(durationOrOrigin, 300, '{ 404: "30s", 503: "origin" }')),
    browser: z.optional(duration),
    immutable: z.optional(yesOrNo),
    staleWhileRevalidate: z.optional(duration),
    staleIfError: z.optional(duration),
    admission: z.optional(
      z.enum(["first-ask", "second-ask"], 'must be "first-ask" or "second-ask"'),
    ),
    tiers: z.optional(
      z.array(
        z.enum(["memory", "edge", "shared"], 'has a tier that is not "memory", "edge" or "shared"'),
        'must be a list of tiers, such as ["memory", "edge"]',
      ),
    ),
    query: z.optional(
      z.strictObject({ allow: z.optional(patterns) }, { error: strictly("query") }),
    ),
    key: z.optional(
      z.strictObject(
        {
          headers: z.optional(fieldNames),
          cookies: z.optional(texts("currency")),
          device: notBuiltYet,
          language: notBuiltYet,
          country: notBuiltYet,
        },
        { error: strictly("key") },
      ),
    ),
    forward: z.optional(forwardedNames),
    cookies: z.optional(
      z.strictObject({ ignore: z.optional(patterns) }, { error: strictly("cookies") }),
    ),
    setCookie: z.optional(z.enum(["respect", "strip"], 'must be "respect" or "strip"')),
    jitter: z.optional(
      z
        .number("must be a number from 0 to 1")
        .check(z.minimum(0, "is less than 0"), z.maximum(1, "is more than 1")),
    ),
    tags: z.optional(
      z.custom<readonly string[] | TagsOf>(
        (tags) =>
          typeof tags === "function" ||
          (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")),
        "must be a list of tags, or a function that makes one of the path's parameters",
      ),
    ),
    honourRequestDirectives: z.optional(yesOrNo),
    collapse: z.optional(z.enum(["isolate", "global"], 'must be "isolate" or "global"')),
    patience: z.optional(secondsToADay),
    earlyRefresh: z.optional(
      z
        .number("must be a number, such as 1, or 0 for none")
        .check(z.minimum(0, "is less than 0"), z.maximum(10, "is more than 10")),
    ),
    refreshAhead: z.optional(duration),
    invalidate: z.optional(z.enum(["here", "everywhere"], 'must be "here" or "everywhere"')),
    purge: z.optional(
      z.strictObject(
        { maxLagSeconds: z.optional(lagSeconds), settleSeconds: z.optional(settleSeconds) },
        { error: strictly("purge") },
      ),
    ),
    whenUnreachable: z.optional(z.literal("serve", 'must be "serve", or left out')),
    allowStoring: notBuiltYet,
  },
  { error: strictly("a route") },
);

type TagsOf = (parameters: Readonly<Record<string, string>>) => readonly string[];

/** A route as an operator writes it. */
export type RouteInput = z.input<typeof routeInput>;

/** Parameters that a route's tags ask for and its pattern does not have: each would be undefined. */
export function unknownParameters({ match, tags }: z.output<typeof routeInput>): string[] {
  if (typeof tags !== "function") return [];
  const asked = new Set<string>();
  const recording = new Proxy<Record<string, string>>(
    {},
    { get: (_, name) => (asked.add(String(name)), "x") },
  );
  try {
    tags(recording);
  } catch {
    // What it makes of real parameters is its own affair.
  }
  const named = new Set(match.split("/").map((segment) => segment.replace(/^:/, "")));
  return [...asked].filter((name) => !named.has(name));
}
