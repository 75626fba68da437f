// The form of what a configuration says of counts that isolates report: prefixes, and the least hit rate.
import * as z from "zod/mini";
import { hitRate, strictly, text } from "./forms.ts";

/** Each costs series of its own, and each new URL a look through all of them. */
const prefixesMax = 50;

const otherwise =
  (place: string, said: string) => (issue: Parameters<ReturnType<typeof strictly>>[0]) =>
    issue.code === "unrecognized_keys" ? strictly(place)(issue) : said;

const prefix = z.strictObject(
  {
    path: text("/docs/").check(
      z.refine((path) => path.startsWith("/"), {
        error: ({ input }) =>
          `${JSON.stringify(input)} does not begin with a slash: write a path, such as "/docs/"`,
      }),
      z.refine((path) => !/[?#*]/.test(path), "is a path alone: leave out ?, # and *"),
    ),
    hitRateMin: z.optional(hitRate),
  },
  { error: otherwise("a prefix", 'is no prefix: write { path: "/docs/" }') },
);

/** It is a label's value, as it stands. */
const prefixName = z
  .string()
  .check(z.regex(/^[\w.-]{1,64}$/, "is no name: write 1 to 64 letters, digits, dots, dashes or _"));

const settings = z.partial(
  z.strictObject(
    {
      prefixes: z
        .record(prefixName, prefix, {
          error: (issue) =>
            issue.code === "invalid_key"
              ? issue.issues.map(({ message }) => message).join("; ")
              : 'must be prefixes by name, such as { docs: { path: "/docs/" } }',
        })
        .check(
          z.refine(
            (prefixes) => Object.keys(prefixes).length <= prefixesMax,
            `has more than ${prefixesMax} prefixes, and each costs counts of its own`,
          ),
          z.refine((prefixes) => {
            const paths = Object.values(prefixes).map(({ path }) => path);
            return new Set(paths).size === paths.length;
          }, "has the same path twice; name each path once"),
        ),
      hitRateMin: hitRate,
    },
    { error: otherwise("metrics", 'must be "off", or an object such as { hitRateMin: 0.8 }') },
  ),
);

/** `null` is what `"off"` comes to, so that of an object each wrong field is named. */
export const metricsInput = z.pipe(
  z.transform((written: "off" | z.input<typeof settings>) =>
    written === "off" ? null : (written ?? 0),
  ),
  z.nullable(settings),
);

/** What the configuration's `metrics` comes to. */
export function resolvedMetrics(written: z.output<typeof metricsInput> | undefined) {
  const { prefixes = {}, hitRateMin } = written ?? {};
  const listed = Array.from(Object.entries(prefixes), ([name, given]) => ({ name, ...given }));
  return {
    /** `false`: nothing is reported, and no command is sent for it. */
    isOn: written !== null,
    /** The groups of URLs that are counted by themselves: a keyed path belongs to the longest that it begins with. */
    prefixes: listed as readonly Prefix[],
    /** 0 to 1: below it, health tells of a route; `undefined`: of none, but where a route has one of its own. */
    hitRateMin,
  };
}

/** A group of URLs that is counted by itself. */
export interface Prefix {
  readonly name: string;
  /** Begins with a slash. */
  readonly path: string;
  /** As of a route. */
  readonly hitRateMin?: number | undefined;
}
