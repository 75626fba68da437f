// The schema of `metrics`: prefixes and minimum hit rates. `metrics.ts` has types that the package exports,
// and these may not read those of Valibot.
import * as v from "valibot";
import { record } from "../base/schemas.ts";
import { fields, type FormsOf, hitRate, strictly, text } from "./forms.ts";
import type { WrittenMetrics, WrittenPrefix } from "./written.ts";

/** Limit of prefixes. Each prefix has its own series, and is compared with each new URL. */
const prefixesMax = 50;

const prefix = strictly(
  "a prefix",
  {
    path: v.pipe(
      text("/docs/"),
      v.startsWith(
        "/",
        ({ input }) =>
          `${JSON.stringify(input)} does not begin with a slash: write a path, such as "/docs/"`,
      ),
      v.check((path) => !/[?#*]/.test(path), "must be only a path: leave out ?, # and *"),
    ),
    hitRateMin: v.optional(hitRate),
  } satisfies FormsOf<WrittenPrefix>,
  'must be a prefix, such as { path: "/docs/" }',
);

/** The name of a prefix, which is used unchanged as a label's value. */
const prefixName = v.pipe(
  v.string(),
  v.regex(
    /^[\w.-]{1,64}$/,
    "is not a valid name: write 1 to 64 letters, digits, dots, dashes or _",
  ),
);

const mistake = 'must be "off", or an object such as { hitRateMin: 0.8 }';

const settings = fields(
  "metrics",
  {
    prefixes: v.pipe(
      record(prefixName, prefix, 'must be prefixes by name, such as { docs: { path: "/docs/" } }'),
      v.maxEntries(
        prefixesMax,
        `has more than ${prefixesMax} prefixes, and each needs its own counts: name fewer`,
      ),
      v.check((prefixes) => {
        const paths = Object.values(prefixes).map(({ path }) => path);
        return new Set(paths).size === paths.length;
      }, "has two prefixes with the same path; name each path once"),
    ),
    hitRateMin: hitRate,
  } satisfies FormsOf<WrittenMetrics>,
  mistake,
);

/** Maps `"off"` to `null` before validation. The errors of a union would not name each wrong field. */
export const metricsInput = v.pipe(
  v.custom<"off" | v.InferInput<typeof settings>>((written) => written !== null, mistake),
  v.transform((written) => (written === "off" ? null : written)),
  v.nullable(settings),
);
