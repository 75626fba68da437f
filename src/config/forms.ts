// The forms that the fields of a configuration are made of, and what each says of a wrong value.
import * as z from "zod/mini";
import { durationSeconds } from "./duration.ts";
import type { WrittenCredentialFields } from "./written-route.ts";
import { traceFieldNames } from "../rules/trace-context.ts";
import { whyNeverStored } from "../rules/storable.ts";

const mebibyte = 1_048_576;

/** An object, each of whose fields may be left out. @param place how a refusal calls the object */
export const fields = <Shape extends z.core.$ZodLooseShape>(place: string, shape: Shape) =>
  z.partial(z.strictObject(shape, { error: strictly(place) }));

/**
 * Exactly the fields of an interface of `written.ts` or `written-route.ts`, and names that are refused with a
 * reason. `satisfies` it keeps the two together: a schema that lacks a field, or has one more, does not compile.
 */
export type FormsOf<Written, Refused extends string = never> = Readonly<
  Record<keyof Written | Refused, z.core.$ZodType>
>;

/** A field whose name is reserved: a configuration that relies on it must not load. */
export const notBuiltYet = z.undefined("is not built yet; leave it out");

/** A field of an earlier version. @param since why nothing replaces it */
export const noLonger = (since: string) =>
  z.undefined(`is no setting any more, and nothing replaces it: ${since}; leave it out`);

export const duration = z
  .string('must be a duration: a number with s, m, h or d, such as "5m"')
  .check(
    z.refine((text) => durationSeconds(text) !== undefined, {
      error: ({ input }) =>
        `${JSON.stringify(input)} is no duration: write a whole number with s, m, h or d, such as "5m"`,
    }),
  );

/** A timer of more than 24 days would end at once. */
export const secondsToADay = duration.check(
  z.refine((text) => {
    const seconds = durationSeconds(text) ?? 0;
    return seconds >= 1 && seconds <= 86_400;
  }, 'is not from "1s" to "1d"'),
);

export const yesOrNo = z.boolean("must be true or false");
/** A text that is not empty. */
export const text = (example: string) =>
  z.string(`must be a text, such as ${JSON.stringify(example)}`).check(z.minLength(1, "is empty"));
/** A list that is exported, such as `consentCookies`, need not be one that can be changed. */
export const texts = (example: string) =>
  z.readonly(z.array(text(example), `must be a list, such as ["${example}"]`));
/** The bounds of a number, both of which it may have. @param said how a refusal writes the upper one */
export const between = (least: number, most: number, said = most.toLocaleString("en")) =>
  [z.minimum(least, `is less than ${least}`), z.maximum(most, `is over ${said}`)] as const;

/** The least share of requests that are to be hits. */
export const hitRate = z
  .number("must be a number from 0 to 1, such as 0.8")
  .check(...between(0, 1));

/** A size from 0 up to that many MiB. */
export const bytes = (most: number) =>
  z.int("must be a whole number of bytes").check(...between(0, most * mebibyte, `${most} MiB`));

export const lagSeconds = z
  .number("must be a number of seconds, such as 10")
  .check(z.positive("is not above 0"), z.maximum(3_600, "is over an hour"));
export const settleSeconds = z
  .number("must be a number of seconds, such as 5")
  .check(...between(0, 3_600, "an hour"));

const each = (fits: (name: string) => boolean, error: string) =>
  z.refine<readonly string[]>((names) => names.every(fits), { error });

export const patterns = texts("utm_*").check(
  each((name) => !name.slice(0, -1).includes("*"), 'has a "*" that is not at the end of a name'),
);

/** What is known already is not to be lost by naming one name more. */
export const addedPatterns = z.union(
  [patterns, z.strictObject({ only: patterns }, { error: strictly("a list of names") })],
  {
    error:
      'is a list of names to add, such as ["app_*"], or { only: ["app_*"] } in place of the known ones',
  },
);

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
export const fieldNames = texts("x-app").check(
  each((name) => fieldName.test(name), "has a name that no header field can have"),
);

/** Rules of their own decide about these two. */
const withOwnRules: readonly string[] = ["authorization", "cookie"];

/** Names of request fields, or the end or the beginning of one. */
const credentialNames = texts("x-app-key").check(
  each(
    (name) => fieldName.test(name) && !name.slice(1, -1).includes("*") && !/^\*.*\*$/.test(name),
    'has a name that no header field can have, or more than one "*", or one that is not at an end of a name',
  ),
  each(
    (name) => !withOwnRules.includes(name.toLowerCase()),
    "names Authorization, which always passes by the cache, or Cookie, which has options of its own; leave that name out",
  ),
);

export const credentialFields = fields("credentialFields", {
  add: credentialNames,
  except: credentialNames,
} satisfies FormsOf<WrittenCredentialFields>);

/** Each request has values of its own for these: with one in its key, no page would be found again. */
export const keyedNames = fieldNames.check(
  each(
    (name) => !traceFieldNames.includes(name.toLowerCase()),
    "names traceparent or tracestate, which differ in each request; leave that name out",
  ),
);

export const forwardedNames = fieldNames.check(
  each(
    (name) => !name.includes("*"),
    "takes whole names; to forward all fields, leave it out, and for none write []",
  ),
);

/** The lifetime that the origin gives itself, where only a route's word lets a status be stored. */
export const durationOrOrigin = z.string('must be a duration such as "30s", or "origin"').check(
  z.refine((given) => given === "origin" || durationSeconds(given) !== undefined, {
    error: ({ input }) =>
      `${JSON.stringify(input)} is neither a duration such as "30s" nor "origin", the origin's own lifetime`,
  }),
);

/** Lifetimes by status, from that status on; a status that is never stored is refused. */
export const lifetimes = <Lifetime extends typeof duration>(
  lifetime: Lifetime,
  from: number,
  example: string,
) =>
  z.record(
    z.string().check(
      z.refine((status) => /^\d{3}$/.test(status) && Number(status) >= from && status < "600", {
        error: `is no status from ${from} to 599`,
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

/** Says which field a strict object does not know. */
export function strictly(place: string) {
  return (issue: { code?: string | undefined; keys?: string[] }): string =>
    issue.code === "unrecognized_keys"
      ? `${(issue.keys ?? []).map((key) => JSON.stringify(key)).join(", ")} is no field of ${place}`
      : "must be an object";
}
