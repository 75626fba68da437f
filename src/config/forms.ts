// Schemas shared by the fields of a configuration, with their error messages.
import * as z from "zod/mini";
import { durationSeconds } from "./duration.ts";
import type {
  WrittenAnonymous,
  WrittenCredentialFields,
  WrittenEdits,
  WrittenWhen,
} from "./written-route.ts";
import { tokenPattern } from "../rules/cache-control.ts";
import { traceFieldNames } from "../rules/trace-context.ts";
import { whyNeverStored } from "../rules/storable.ts";
import { conditionalFieldNames } from "../rules/validators.ts";

const mebibyte = 1_048_576;

/** Makes an object schema whose fields are all optional. @param place the object's name in errors */
export const fields = <Shape extends z.core.$ZodLooseShape>(place: string, shape: Shape) =>
  z.partial(z.strictObject(shape, { error: strictly(place) }));

/**
 * Requires a schema for each field of a `Written…` interface. With `satisfies`, a missing or extra
 * field is a compile error.
 */
export type FormsOf<Written> = Readonly<Record<keyof Written, z.core.$ZodType>>;

export const duration = z
  .string('must be a duration: a number with s, m, h or d, such as "5m"')
  .check(
    z.refine((text) => durationSeconds(text) !== undefined, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is not a duration: write a whole number with s, m, h or d, such as "5m"`,
    }),
  );

/** A duration from 1 s to a day. A timer of more than 24 days would fire at once. */
export const secondsToADay = duration.check(
  z.refine((text) => {
    const seconds = durationSeconds(text) ?? 0;
    return seconds >= 1 && seconds <= 86_400;
  }, 'is not from "1s" to "1d"'),
);

export const yesOrNo = z.boolean("must be true or false");
/** A non-empty string. */
export const text = (example: string) =>
  z
    .string(`must be a string, such as ${JSON.stringify(example)}`)
    .check(z.minLength(1, "is empty"));
/** A list of strings. Readonly, so that exported lists such as `consentCookies` are accepted. */
const texts = (example: string) =>
  z.readonly(z.array(text(example), `must be a list, such as ["${example}"]`));
/**
 * Inclusive bounds of a number. An error formats the upper bound, because the first call of
 * `toLocaleString` takes 12 ms.
 *
 * @param mostText the upper bound in errors
 */
export const between = (least: number, most: number, mostText?: string) =>
  [
    z.minimum(least, `is less than ${least}`),
    z.maximum(most, { error: () => `is more than ${mostText ?? most.toLocaleString("en")}` }),
  ] as const;

/** Minimum share of requests that are hits. */
export const hitRate = z
  .number("must be a number from 0 to 1, such as 0.8")
  .check(...between(0, 1));

/** A size in bytes from 0 to `most` MiB. */
export const bytes = (most: number, mostText = `${most} MiB`) =>
  z.int("must be a whole number of bytes").check(...between(0, most * mebibyte, mostText));

export const lagSeconds = z
  .number("must be a number of seconds, such as 10")
  .check(z.positive("is not above 0"), z.maximum(3_600, "is more than an hour"));
export const settleSeconds = z
  .number("must be a number of seconds, such as 5")
  .check(...between(0, 3_600, "an hour"));

const each = (fits: (name: string) => boolean, error: string) =>
  z.refine<readonly string[]>((names) => names.every(fits), { error });

export const patterns = texts("utm_*").check(
  each((name) => !name.slice(0, -1).includes("*"), 'has a "*" that is not at the end of a name'),
);

/** Characters that no cookie's name has, and forms of regular expressions. */
const notInCookieName = /[\s=;,"\\()[\]{}|^$+?]|\.\*$/;
const isInCookieName = each(
  (name) => !notInCookieName.test(name),
  'has a name that no cookie can have: write the whole name, or its beginning and "*"',
);
export const cookiePatterns = patterns.check(isInCookieName);
const isWhole = each((name) => !name.includes("*"), 'must contain whole names, without "*"');
const wholeNames = texts("page").check(isWhole);
export const cookieNames = texts("currency").check(isInCookieName, isWhole);

/** The schema of names that are added to the known names, or that replace them (`only`). */
export const added = (names: typeof patterns) =>
  z.union([names, z.strictObject({ only: names }, { error: strictly("a list of names") })], {
    error:
      'must be a list of names to add, such as ["app_*"], or { only: ["app_*"] } to replace the known names',
  });

export const fieldNames = texts("x-app").check(
  each((name) => tokenPattern.test(name), "has a name that no header field can have"),
  isWhole,
);

/** Fields that this option cannot list, because the cache has other rules for them. */
const withOwnRules: readonly string[] = ["authorization", "cookie"];

/** Names of request fields, with an optional `*` at one end. */
const credentialNames = texts("x-app-key").check(
  each(
    (name) => tokenPattern.test(name) && /^(?:\*[^*]+|[^*]+\*?)$/.test(name),
    'has a name that no header field can have, or more than one "*", or a "*" that is not at an end of a name',
  ),
  each(
    (name) => !withOwnRules.includes(name.toLowerCase()),
    "names Authorization, which always bypasses the cache, or Cookie, which has its own options; remove that name",
  ),
);

export const credentialFields = fields("credentialFields", {
  add: credentialNames,
  except: credentialNames,
} satisfies FormsOf<WrittenCredentialFields>);

const sentValue = text("Tidemark").check(
  z.regex(/^[!-~](?:[ -~]*[!-~])?$/, "must consist of printable ASCII characters"),
);

export const anonymous = fields("anonymous", {
  accept: sentValue,
  userAgent: sentValue,
} satisfies FormsOf<WrittenAnonymous>);

/**
 * Rejects fields that differ in every request. With such a field in the key, no request would be a
 * hit.
 */
export const keyedNames = fieldNames.check(
  each(
    (name) => !traceFieldNames.includes(name.toLowerCase()),
    "names traceparent or tracestate, which differ in each request; remove that name",
  ),
);

const isNotEmpty = z.refine<readonly string[]>(
  (names) => names.length > 0,
  "is empty, so no request would match this route",
);

/** Checks the names of a record by the schema of a list. */
const namedLike = (names: typeof patterns) =>
  z.superRefine<object>((values, context) => {
    for (const { message } of z.safeParse(names, Object.keys(values)).error?.issues ?? []) {
      context.addIssue({ code: "custom", message });
    }
  });

/**
 * The schema of a condition.
 *
 * @param listed the schema of a list of names, any of which suffices
 * @param named the schema of the names that have lists of values
 */
const condition = (listed: typeof patterns, named: typeof patterns) =>
  z.union(
    [
      listed.check(isNotEmpty),
      z
        .record(z.string(), texts("ios").check(isNotEmpty))
        .check(namedLike(named.check(isNotEmpty))),
    ],
    {
      error:
        'must be a list of names, or lists of values by name, such as { "x-app": ["ios", "android"] }',
    },
  );

/** Fields with another value for the origin than the client's, or with an option of their own. */
const notInConditions: readonly string[] = [
  ..."authorization cookie host cf-ipcountry accept-encoding range".split(" "),
  ..."via surrogate-capability x-real-ip x-forwarded-for x-forwarded-host x-forwarded-proto".split(
    " ",
  ),
  ...conditionalFieldNames,
];
const conditionFields = keyedNames.check(
  each(
    (name) => !notInConditions.includes(name.toLowerCase()),
    "names a field with rules of its own: use when.cookie, when.country, or match for the host; Authorization always bypasses the cache",
  ),
);

/** Fields of requests and responses that edits must not change, and the option to use instead. */
const notEdited: readonly (readonly [names: string, instead: string])[] = [
  [
    "cache-control *-cache-control expires age date pragma surrogate-control",
    "fresh, mode and browser",
  ],
  ["vary", "key"],
  ["set-cookie", "setCookie"],
  ["cookie", "cookies.ignore"],
  ["authorization proxy-authorization", "a field of your own, such as x-origin-key"],
  ["host x-forwarded-host", "origin.host"],
  ["cache-tag surrogate-key cache-groups cache-group-invalidation", "tags"],
  ["etag last-modified content-length content-encoding content-range", "the origin"],
  ["accept-ranges accept-encoding range " + conditionalFieldNames.join(" "), "the origin"],
  ["connection keep-alive te trailer transfer-encoding upgrade proxy-*", "the origin"],
  ["via x-forwarded-for x-forwarded-proto x-real-ip cf-connecting-ip cf-ipcountry", "trustProxy"],
  ["surrogate-capability cache-status proxy-status tidemark-*", "no other option"],
  [traceFieldNames.join(" "), "no other option"],
];

/** Returns what to use instead of an edit of the field; `undefined` if edits may change it. */
function insteadOfEdit(name: string): string | undefined {
  const lower = name.toLowerCase();
  const isListed = (pattern: string) =>
    pattern.startsWith("*")
      ? lower.endsWith(pattern.slice(1))
      : pattern.endsWith("*")
        ? lower.startsWith(pattern.slice(0, -1))
        : pattern === lower;
  return notEdited.find(([names]) => names.split(" ").some(isListed))?.[1];
}

const editedNames = fieldNames.check(
  z.superRefine((names, context) => {
    for (const name of names) {
      const instead = insteadOfEdit(name);
      if (instead === undefined) continue;
      const message = `names ${name}, which edits cannot change; use ${instead}`;
      context.addIssue({ code: "custom", message });
    }
  }),
);
const editedLines = z
  .record(z.string(), sentValue, {
    error: 'must be values by name, such as { "x-env": "live" }',
  })
  .check(namedLike(editedNames));

export const edits = fields("headers", {
  set: editedLines,
  add: editedLines,
  remove: editedNames,
} satisfies FormsOf<WrittenEdits>);

export const conditions = fields("when", {
  cookie: condition(cookiePatterns, cookieNames),
  header: condition(conditionFields, conditionFields),
  query: condition(patterns, wholeNames),
  country: z
    .readonly(
      z.array(
        z
          .string('must be a list of countries, such as ["DE"]')
          .check(z.regex(/^[A-Z][A-Z\d]$/, 'must be codes of ISO 3166-1, such as "DE"')),
        'must be a list of countries, such as ["DE"]',
      ),
    )
    .check(isNotEmpty),
} satisfies FormsOf<WrittenWhen>).check(
  z.refine((when) => Object.values(when).some((given) => given !== undefined), "has no condition"),
);

/** A lifetime, or "origin" for the origin's own. */
export const durationOrOrigin = z.string('must be a duration such as "30s", or "origin"').check(
  z.refine((given) => given === "origin" || durationSeconds(given) !== undefined, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is neither a duration such as "30s" nor "origin", the origin's own lifetime`,
  }),
);

/** Lifetimes by status. Rejects statuses below `from`, and statuses that are never stored. */
export const lifetimes = <Lifetime extends typeof duration>(
  lifetime: Lifetime,
  from: number,
  example: string,
) =>
  z.record(
    z.string().check(
      z.refine((status) => /^\d{3}$/.test(status) && Number(status) >= from && status < "600", {
        error: `is not a status from ${from} to 599`,
      }),
      z.refine((status) => whyNeverStored(Number(status)) === undefined, {
        error: ({ input }) => `${whyNeverStored(Number(input))}; leave it out`,
      }),
    ),
    lifetime,
    {
      error: (issue) =>
        issue.code === "invalid_key"
          ? issue.issues.map(({ message }) => message).join("; ")
          : `must be lifetimes by status, such as ${example}`,
    },
  );

/** Returns the error of an issue of an options object as a sentence, which begins with the option. */
export function optionError({ code, path, message }: z.core.$ZodIssue): string {
  if (path.length > 0) return `${path.join(".")} ${message}.`;
  return code === "unrecognized_keys" ? `${message}.` : `Its options ${message}.`;
}

/** Returns an error function that names the unknown fields of a strict object. */
export function strictly(place: string) {
  return ({ code, keys = [] }: { code?: string | undefined; keys?: string[] }): string => {
    if (code !== "unrecognized_keys") return "must be an object";
    const known = place === "when" && keys.includes("method") ? "; use methods of the route" : "";
    return `${keys.map((key) => JSON.stringify(key)).join(", ")} is not a field of ${place}${known}`;
  };
}
