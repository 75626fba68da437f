// The schema of `metrics`: prefixes and minimum hit rates. `metrics.ts` has types that the package exports,
// and these may not read those of zod.
import * as z from "zod/mini";
import { type FormsOf, hitRate, strictly, text } from "./forms.ts";
import type { WrittenMetrics, WrittenPrefix } from "./written.ts";

/** Limit of prefixes. Each prefix has its own series, and is compared with each new URL. */
const prefixesMax = 50;

const otherwise =
  (place: string, mistake: string) => (issue: Parameters<ReturnType<typeof strictly>>[0]) =>
    issue.code === "unrecognized_keys" ? strictly(place)(issue) : mistake;

const prefix = z.strictObject(
  {
    path: text("/docs/").check(
      z.refine((path) => path.startsWith("/"), {
        error: ({ input }) =>
          `${JSON.stringify(input)} does not begin with a slash: write a path, such as "/docs/"`,
      }),
      z.refine((path) => !/[?#*]/.test(path), "must be only a path: leave out ?, # and *"),
    ),
    hitRateMin: z.optional(hitRate),
  } satisfies FormsOf<WrittenPrefix>,
  { error: otherwise("a prefix", 'must be a prefix, such as { path: "/docs/" }') },
);

/** The name of a prefix, which is used unchanged as a label's value. */
const prefixName = z
  .string()
  .check(
    z.regex(
      /^[\w.-]{1,64}$/,
      "is not a valid name: write 1 to 64 letters, digits, dots, dashes or _",
    ),
  );

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
            `has more than ${prefixesMax} prefixes, and each needs its own counts: name fewer`,
          ),
          z.refine((prefixes) => {
            const paths = Object.values(prefixes).map(({ path }) => path);
            return new Set(paths).size === paths.length;
          }, "has two prefixes with the same path; name each path once"),
        ),
      hitRateMin: hitRate,
    } satisfies FormsOf<WrittenMetrics>,
    { error: otherwise("metrics", 'must be "off", or an object such as { hitRateMin: 0.8 }') },
  ),
);

/** Maps `"off"` to `null` before validation. The errors of a union would not name each wrong field. */
export const metricsInput = z.pipe(
  z.transform((written: "off" | z.input<typeof settings>) =>
    written === "off" ? null : (written ?? 0),
  ),
  z.nullable(settings),
);
