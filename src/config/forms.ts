// Schemas shared by the fields of a configuration, with their error messages.
import * as v from "valibot";
import { finite, isPlain, pathOf, record, strictObject, whole } from "../base/schemas.ts";
import { durationSeconds } from "./duration.ts";
import type { WrittenAnonymous, WrittenCredentialFields, WrittenWhen } from "./written-origin.ts";
import { tokenPattern } from "../rules/cache-control.ts";
import { traceFieldNames } from "../rules/trace-context.ts";
import { whyNeverStored } from "../rules/storable.ts";
import { conditionalFieldNames } from "../rules/validators.ts";

const mebibyte = 1_048_576;

/** Makes the schema of an object whose fields are all optional. @param place its name in errors */
export const fields = <Entries extends v.ObjectEntries>(
  place: string,
  entries: Entries,
  mistake?: string,
) => strictly(place, v.partial(v.object(entries)).entries, mistake);

/** Fields that other caches have in a place, and what to use instead. */
const elsewhere: Readonly<Record<string, string>> = {
  "a route: collapse": "use: [globalCollapse()] with globalCollapse of tidemark/global-collapse",
  "a route: fallback": "use: [fallback(…)]",
  "a route: headers": "response.headers or key.headers",
  "a route: host": "match",
  "a route: rewrite": "origin.from",
  "a route: ttl": "fresh",
  headers: "set, add or remove",
  "the configuration: hooks": "hooks({ … }) of tidemark/hooks in parts",
  "the configuration: varnish": "varnish({ … }) of tidemark/hooks in parts",
  "the configuration: outward": "outward({ … }) of tidemark/outward in parts",
  "when: device": "key.device",
  "when: host": "match",
  "when: method": "methods of the route",
  "when: status": "answer",
};

/** Makes the schema of an object with these fields only. @param place its name in errors */
export const strictly = <Entries extends v.ObjectEntries>(
  place: string,
  entries: Entries,
  mistake?: string,
) =>
  strictObject(
    entries,
    (names) => {
      const instead = names
        .map((name) => elsewhere[`${place}: ${name}`] ?? elsewhere[place])
        .find(Boolean);
      const written = names.map((name) => JSON.stringify(name)).join(", ");
      return `${written} is not a field of ${place}${instead ? `; use ${instead}` : ""}`;
    },
    mistake,
  );

/**
 * Requires a schema for each field of a `Written…` interface. With `satisfies`, a missing or extra
 * field is a compile error.
 */
export type FormsOf<Written> = Readonly<Record<keyof Written, v.GenericSchema>>;

export const duration = v.pipe(
  v.string('must be a duration: a number with s, m, h or d, such as "5m"'),
  v.check(
    (text) => durationSeconds(text) !== undefined,
    ({ input }) =>
      `${JSON.stringify(input)} is not a duration: write a whole number with s, m, h or d, such as "5m"`,
  ),
);

/** A duration from 1 s to a day. A timer of more than 24 days would fire at once. */
export const secondsToADay = v.pipe(
  duration,
  v.check((text) => {
    const seconds = durationSeconds(text) ?? 0;
    return seconds >= 1 && seconds <= 86_400;
  }, 'is not from "1s" to "1d"'),
);

export const yesOrNo = v.boolean("must be true or false");
/** A non-empty string. */
export const text = (example: string) =>
  v.pipe(
    v.string(`must be a string, such as ${JSON.stringify(example)}`),
    v.minLength(1, "is empty"),
  );
/** A list, whose type is readonly so that exported lists such as `consentCookies` are accepted. */
export const list = <Item extends v.GenericSchema>(
  item: Item,
  mistake?: string,
): v.GenericSchema<readonly v.InferInput<Item>[], readonly v.InferOutput<Item>[]> =>
  v.array(item, mistake);
const texts = (example: string) => list(text(example), `must be a list, such as ["${example}"]`);
/**
 * Inclusive bounds of a number. An error formats the upper bound, because the first call of
 * `toLocaleString` takes 12 ms.
 *
 * @param mostText the upper bound in errors
 */
export const between = (least: number, most: number, mostText?: string) =>
  [
    v.minValue<number, number, string>(least, `is less than ${least}`),
    v.maxValue<number, number, () => string>(
      most,
      () => `is more than ${mostText ?? most.toLocaleString("en")}`,
    ),
  ] as const;

/** A size in bytes from 0 to `most` MiB. */
export const bytes = (most: number, mostText = `${most} MiB`) =>
  v.pipe(whole("must be a whole number of bytes"), ...between(0, most * mebibyte, mostText));

export const lagSeconds = v.pipe(
  finite("must be a number of seconds, such as 10"),
  v.gtValue(0, "is not above 0"),
  v.maxValue(3_600, "is more than an hour"),
);
export const settleSeconds = v.pipe(
  finite("must be a number of seconds, such as 5"),
  ...between(0, 3_600, "an hour"),
);

const each = (fits: (name: string) => boolean, error: string) =>
  v.check<readonly string[], string>((names) => names.every(fits), error);

export const patterns = v.pipe(
  texts("utm_*"),
  each((name) => !name.slice(0, -1).includes("*"), 'has a "*" that is not at the end of a name'),
);

/** Characters that no cookie's name has, and forms of regular expressions. */
const notInCookieName = /[\s=;,"\\()[\]{}|^$+?]|\.\*$/;
const isInCookieName = each(
  (name) => !notInCookieName.test(name),
  'has a name that no cookie can have: write the whole name, or its beginning and "*"',
);
export const cookiePatterns = v.pipe(patterns, isInCookieName);
const isWhole = each((name) => !name.includes("*"), 'must contain whole names, without "*"');
const wholeNames = v.pipe(texts("page"), isWhole);
export const cookieNames = v.pipe(texts("currency"), isInCookieName, isWhole);

/** The schema of names that are added to the known names, or that replace them (`only`). */
export const added = (names: v.GenericSchema<readonly string[]>) =>
  v.union(
    [names, strictly("a list of names", { only: names })],
    'must be a list of names to add, such as ["app_*"], or { only: ["app_*"] } to replace the known names',
  );

const fieldNamesLike = (example: string) =>
  v.pipe(
    texts(example),
    each((name) => tokenPattern.test(name), "has a name that no header field can have"),
    isWhole,
  );
export const fieldNames = fieldNamesLike("x-app");

/**
 * A target list. Cache-Control always comes last, and Surrogate-Control has a grammar of its own.
 */
export const targets = v.pipe(
  fieldNamesLike("CDN-Cache-Control"),
  each(
    (name) => /.-cache-control$/i.test(name),
    'has a name that is no targeted field: write names that end in "-Cache-Control" (RFC 9213); Surrogate-Control and Cache-Control follow the list by themselves',
  ),
  v.check(
    (names) => new Set(names.map((name) => name.toLowerCase())).size === names.length,
    "has a name twice; the first field that is present decides, so remove the second",
  ),
);

/** Fields that this option cannot list, because the cache has other rules for them. */
const withOwnRules: readonly string[] = ["authorization", "cookie"];

/** Names of request fields, with an optional `*` at one end. */
const credentialNames = v.pipe(
  texts("x-app-key"),
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

export const sentValue = v.pipe(
  text("Tidemark"),
  v.regex(/^[!-~](?:[ -~]*[!-~])?$/, "must consist of printable ASCII characters"),
);

export const anonymous = fields("anonymous", {
  accept: sentValue,
  userAgent: sentValue,
} satisfies FormsOf<WrittenAnonymous>);

/**
 * Rejects fields that differ in every request, with which no request would be a hit, and Authorization,
 * which no key ever has.
 */
export const keyedNames = v.pipe(
  fieldNames,
  each(
    (name) => !traceFieldNames.includes(name.toLowerCase()),
    "names traceparent or tracestate, which differ in each request; remove that name",
  ),
  each(
    (name) => name.toLowerCase() !== "authorization",
    "names Authorization, which bypasses the cache unless a rule checks it; remove that name",
  ),
);

/** Requires a condition. An object with another error has only that one. */
export const conditional = <Written extends object>(error: string) =>
  v.rawCheck<Written>(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.issues !== undefined) return;
    const given = Object.values(dataset.value).flatMap((one: unknown) =>
      isPlain(one) ? Object.values(one) : one,
    );
    if (given.every((one) => one === undefined)) addIssue({ message: error });
  });

export const notEmpty = v.minLength<readonly string[], 1, string>(
  1,
  "is empty, so no request would match this route",
);

type Names = v.GenericSchema<readonly string[]>;

/** Checks the names of a record by the schema of a list. */
export const namedLike = <Named extends object>(names: Names) =>
  v.rawCheck<Named>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { issues = [] } = v.safeParse(names, Object.keys(dataset.value));
    for (const { message } of issues) addIssue({ message });
  });

/**
 * Rejects values for which "*" or an expression was meant. A value with a slash, such as an
 * `Accept`, may end in a star of its own.
 */
const equalValues = each(
  (value) => value.includes("/") || !/^\*|\*$/.test(value),
  'has a value with "*", but values must be equal',
);

/**
 * The schema of a condition.
 *
 * @param listed the schema of a list of names, any of which suffices
 * @param named the schema of the names that have lists of values
 */
const condition = (listed: Names, named: Names) =>
  v.union(
    [
      v.pipe(listed, notEmpty),
      v.pipe(
        record(v.string(), v.pipe(texts("ios"), notEmpty, equalValues)),
        namedLike(v.pipe(named, notEmpty)),
      ),
    ],
    'must be a list of names, or lists of values by name, such as { "x-app": ["ios", "android"] }',
  );

/** Fields with another value for the origin than the client's, or with an option of their own. */
const notInConditions: readonly string[] = [
  ..."cookie host cf-ipcountry accept-encoding range".split(" "),
  ..."via surrogate-capability x-real-ip x-forwarded-for x-forwarded-host x-forwarded-proto".split(
    " ",
  ),
  ...conditionalFieldNames,
];
const conditionFields = v.pipe(
  keyedNames,
  each(
    (name) => !notInConditions.includes(name.toLowerCase()),
    "names a field with rules of its own: use when.cookie, when.country, or match for the host",
  ),
);

export const conditions = v.pipe(
  fields(
    "when",
    {
      cookie: condition(cookiePatterns, cookieNames),
      header: condition(conditionFields, conditionFields),
      query: condition(patterns, wholeNames),
      country: v.pipe(
        list(
          v.pipe(
            v.string('must be a list of countries, such as ["DE"]'),
            v.regex(/^[A-Z][A-Z\d]$/, 'must be two capital letters (ISO 3166-1), such as "DE"'),
          ),
          'must be a list of countries, such as ["DE"]',
        ),
        notEmpty,
      ),
    } satisfies FormsOf<WrittenWhen>,
    'must be an object, such as { country: ["DE"] }',
  ),
  conditional("has no condition"),
);

const distinct = v.check<readonly string[], string>(
  (names) =>
    names.length > 0 && new Set(names.map((name) => name.toLowerCase())).size === names.length,
  "is empty, or has a name twice",
);

export const languages = v.pipe(
  texts("en"),
  each(
    (tag) => /^[a-z]{2,8}(?:-[a-z\d]{2,8})*$/i.test(tag),
    'must contain language tags without "*", such as "en" or "pt-BR"',
  ),
  distinct,
);

/** Media types (RFC 6838 §4.2). */
export const mediaTypes = v.pipe(
  texts("image/avif"),
  each(
    (type) => /^[a-z\d][\w!#$&^.+-]*\/[a-z\d][\w!#$&^.+-]*$/i.test(type),
    'must contain media types without "*" and parameters, such as "image/avif"',
  ),
  distinct,
);

/** A duration, or a word that stands for something else. */
export const durationOr = (word: string, meaning: string) =>
  v.pipe(
    v.string(`must be a duration such as "30s", or "${word}"`),
    v.check(
      (given) => given === word || durationSeconds(given) !== undefined,
      ({ input }) =>
        `${JSON.stringify(input)} is neither a duration such as "30s" nor "${word}", ${meaning}`,
    ),
  );

/** Lifetimes by status. Rejects statuses below `from`, and statuses that are never stored. */
export const lifetimes = <Lifetime extends v.GenericSchema<string>>(
  lifetime: Lifetime,
  from: number,
  example: string,
) =>
  record(
    v.pipe(
      v.string(),
      v.check(
        (status) => /^\d{3}$/.test(status) && Number(status) >= from && status < "600",
        `is not a status from ${from} to 599`,
      ),
      v.check(
        (status) => whyNeverStored(Number(status)) === undefined,
        ({ input }) => `${whyNeverStored(Number(input))}; leave it out`,
      ),
    ),
    lifetime,
    `must be lifetimes by status, such as ${example}`,
  );

/** Returns the error of an issue of an options object as a sentence, which begins with the option. */
export function optionError(issue: v.BaseIssue<unknown>): string {
  const path = pathOf(issue);
  if (path.length > 0) return `${path.join(".")} ${issue.message}.`;
  return issue.kind === "schema" ? `Its options ${issue.message}.` : `${issue.message}.`;
}
