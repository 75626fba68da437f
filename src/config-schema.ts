// The form of a configuration: which fields there are, and what to say of a wrong one.
import * as z from "zod/mini";
import { durationSeconds } from "./duration.ts";

const mebibyte = 1_048_576;

/** A field whose name is reserved: a configuration that relies on it must not load. */
const notBuiltYet = z.optional(z.undefined("is not built yet; leave it out"));

const duration = z.string('must be a duration: a number with s, m, h or d, such as "5m"').check(
  z.refine((text) => durationSeconds(text) !== undefined, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is no duration: write a whole number with s, m, h or d, such as "5m"`,
  }),
);

const yesOrNo = z.boolean("must be true or false");
const text = (example: string) =>
  z.string(`must be a text, such as ${JSON.stringify(example)}`).check(z.minLength(1, "is empty"));
const texts = (example: string) => z.array(text(example), `must be a list, such as ["${example}"]`);
const bytes = (mostMebibytes: number) =>
  z
    .int("must be a whole number of bytes")
    .check(
      z.minimum(0, "is less than 0"),
      z.maximum(mostMebibytes * mebibyte, `is over ${mostMebibytes} MiB`),
    );

const lagSeconds = z
  .number("must be a number of seconds, such as 10")
  .check(z.positive("is not above 0"), z.maximum(3_600, "is over an hour"));

const settleSeconds = z
  .number("must be a number of seconds, such as 5")
  .check(z.minimum(0, "is less than 0"), z.maximum(3_600, "is over an hour"));

const patterns = texts("utm_*").check(
  z.refine((names) => names.every((name) => !name.slice(0, -1).includes("*")), {
    error: 'has a "*" that is not at the end of a name',
  }),
);

const fieldNames = texts("x-app").check(
  z.refine((names) => names.every((name) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)), {
    error: "has a name that no header field can have",
  }),
);

const lifetimes = (from: number, example: string) =>
  z.record(
    z
      .string()
      .check(
        z.refine((status) => /^\d{3}$/.test(status) && Number(status) >= from && status < "600"),
      ),
    duration,
    {
      error: ({ code }) =>
        code === "invalid_key"
          ? `is no status from ${from} to 599`
          : `must be lifetimes by status, such as ${example}`,
    },
  );

const pathPattern = /^(?:\/(?::\w+|(?!:)[^/*?#]*))*(?:\/\*)?$/;

const routeInput = z.strictObject(
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
      z.union([duration, lifetimes(200, '{ 200: "60s" }')], {
        error: 'is a duration such as "5m", or durations by status such as { 200: "60s" }',
      }),
    ),
    negative: z.optional(lifetimes(300, '{ 404: "30s" }')),
    browser: z.optional(duration),
    immutable: z.optional(yesOrNo),
    staleWhileRevalidate: z.optional(duration),
    staleIfError: z.optional(duration),
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
    collapse: z.optional(
      z.literal("isolate", 'must be "isolate"; "global" is not built yet, leave it out'),
    ),
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

const purgeInput = z.strictObject(
  {
    maxLagSeconds: z.optional(lagSeconds),
    clockAllowanceSeconds: z.optional(lagSeconds),
    readReplicas: z.optional(yesOrNo),
    retention: z.optional(duration),
    settleSeconds: z.optional(settleSeconds),
  },
  { error: strictly("purge") },
);

export const defaultMaxLagSeconds = 10;

/** A: how far clocks of one colo may be apart, and how old a replica's answer may be. */
export function allowanceSecondsOf(purge: z.output<typeof purgeInput>): number {
  return purge.clockAllowanceSeconds ?? (purge.readReplicas === true ? 3 : 1);
}

const origin = z.union(
  [
    z.strictObject({
      url: z.string().check(
        z.refine((url) => originUrlFault(url) === undefined, {
          error: ({ input }) =>
            `is no origin: ${originUrlFault(String(input))}; write scheme and host alone`,
        }),
      ),
    }),
    z.strictObject({ binding: text("BUCKET") }),
  ],
  {
    error:
      'is no origin: write { url: "https://www.example.com" } without a path, or { binding: "NAME" }',
  },
);

export const configInput = z
  .strictObject(
    {
      namespace: z.optional(
        z
          .string("must be a text")
          .check(z.regex(/^[\w.-]{1,64}$/, "is 1 to 64 letters, digits, dots, dashes or _")),
      ),
      origins: z.optional(z.record(z.string(), origin, "must be origins by name")),
      originTimeout: z.optional(
        duration.check(
          z.refine((timeout) => isWithinADay(durationSeconds(timeout)), 'is not from "1s" to "1d"'),
        ),
      ),
      key: z.optional(
        z.strictObject(
          {
            query: z.optional(
              z.strictObject({ strip: z.optional(patterns) }, { error: strictly("query") }),
            ),
          },
          { error: strictly("key") },
        ),
      ),
      cookies: z.optional(
        z.strictObject({ harmless: z.optional(patterns) }, { error: strictly("cookies") }),
      ),
      tagFields: z.optional(fieldNames),
      heuristics: z.optional(yesOrNo),
      honourRequestDirectives: z.optional(yesOrNo),
      cacheInFront: z.optional(yesOrNo),
      limits: z.optional(
        z.strictObject(
          {
            bufferBytes: z.optional(bytes(32)),
            // Upstash takes requests of up to 10 MB, and base64 adds a third.
            sharedBodyBytes: z.optional(bytes(7)),
            // An isolate has 128 MB for everything.
            memoryBytes: z.optional(bytes(96)),
            variants: notBuiltYet,
          },
          { error: strictly("limits") },
        ),
      ),
      routes: z.optional(z.array(routeInput, "must be a list of routes")),
      purge: z.optional(purgeInput),
      allowStoring: notBuiltYet,
    },
    { error: strictly("the configuration") },
  )
  .check(
    z.superRefine((config, context) => {
      const origins = config.origins ?? {};
      if (Object.hasOwn(origins, "default")) {
        const message = "is ORIGIN_URL or the binding ORIGIN; choose another name";
        context.addIssue({ code: "custom", path: ["origins", "default"], message });
      }
      const seen = new Set<string>();
      const allowanceSeconds = allowanceSecondsOf(config.purge ?? {});
      const checkLag = (path: PropertyKey[], lag: number | undefined) => {
        if (lag === undefined || lag > 2.5 * allowanceSeconds) return;
        const message =
          `${lag} s leaves too little beside a clock allowance of ${allowanceSeconds} s: ` +
          `write more than ${2.5 * allowanceSeconds}`;
        context.addIssue({ code: "custom", path, message });
      };
      const everythingAt = (config.routes ?? []).findIndex(({ match }) => match === "*");
      checkLag(["purge", "maxLagSeconds"], config.purge?.maxLagSeconds ?? defaultMaxLagSeconds);
      for (const [index, route] of (config.routes ?? []).entries()) {
        const say = (field: string, message: string) =>
          context.addIssue({ code: "custom", path: ["routes", index, field], message });
        checkLag(["routes", index, "purge", "maxLagSeconds"], route.purge?.maxLagSeconds);
        if (everythingAt >= 0 && index > everythingAt) {
          say("match", 'is never reached: a route before it matches "*"; put that one last');
        }
        const unknown = unknownParameters(route);
        if (unknown.length > 0)
          say("tags", `uses ${unknown.join(", ")}, which match does not name`);
        if (seen.has(route.name)) say("name", "stands twice; each route has a name of its own");
        seen.add(route.name);
        const { origin: named = "default" } = route;
        const known = named === "default" || Object.hasOwn(origins, named);
        if (!known) say("origin", `"${named}" is not in origins; name it there`);
        if (route.mode === "override" && route.fresh === undefined) {
          say("mode", '"override" needs a lifetime to put first; add fresh');
        }
        if (route.immutable === true && route.browser === undefined) {
          say("immutable", "is for browsers, which were given no lifetime; add browser");
        }
      }
    }),
  );

export type ConfigInput = z.input<typeof configInput>;
export type RouteInput = z.input<typeof routeInput>;

/** A timer of more than 24 days would end at once. */
function isWithinADay(seconds: number | undefined): boolean {
  return seconds !== undefined && seconds >= 1 && seconds <= 86_400;
}

/** Parameters that a route's tags ask for and its pattern does not have: each would be undefined. */
function unknownParameters({ match, tags }: z.output<typeof routeInput>): string[] {
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

/** Says which field a strict object does not know. */
function strictly(place: string) {
  return (issue: { code?: string | undefined; keys?: string[] }): string =>
    issue.code === "unrecognized_keys"
      ? `${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(", ")} is no field of ${place}`
      : "must be an object";
}

/** @returns why a text is no origin (scheme and authority alone); `undefined` when it is one */
export function originUrlFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "it is no URL";
  const { protocol, pathname, search, hash, username, password } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return `its scheme is "${protocol}"`;
  if (username + password !== "") return "it holds a user name or a password";
  return pathname === "/" && search === "" && hash === "" ? undefined : "it has a path or a query";
}
