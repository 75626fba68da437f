// The schema of a route's rules on answers, with the error messages.
import * as z from "zod/mini";
import { duration, fields, type FormsOf, strictly, text } from "./forms.ts";
import { whyNeverStored } from "../rules/storable.ts";
import { tokenPattern } from "../rules/cache-control.ts";
import {
  type StatusPattern,
  strippableFields,
  type WrittenAnswerConditions,
  type WrittenAnswerRule,
  type WrittenLengthBounds,
} from "./written-route.ts";

type Fits = (value: unknown) => boolean;

const isOneOrMore = (value: unknown, fits: Fits) =>
  Array.isArray(value) ? value.length > 0 && value.every(fits) : fits(value);

/** Returns the schema of one value or of a list of values. */
const oneOrMore = <One>(fits: Fits, error: string) =>
  z.custom<One | readonly One[]>(
    (value) => isOneOrMore(value, fits),
    `${error}, or a list of these`,
  );

const isText =
  (form: RegExp): Fits =>
  (value) =>
    typeof value === "string" && form.test(value);
const isStatus: Fits = (value) =>
  typeof value === "number"
    ? Number.isInteger(value) && value >= 200 && value <= 599
    : isText(/^[2-5]xx$/)(value);

const bound = z.int("must be a whole number of bytes").check(z.minimum(0, "is less than 0"));

const conditions = fields("when", {
  status: oneOrMore<StatusPattern>(
    isStatus,
    'must be a status from 200 to 599, or a class such as "5xx"',
  ),
  type: oneOrMore<string>(
    isText(/^[\w.+-]+\/(?:[\w.+-]*\*|[\w.+-]+)$/),
    'must be a media type without parameters, such as "text/html" or "image/*"',
  ),
  header: z
    .record(
      z.string(),
      z.custom<true | string | readonly string[]>(
        (value) => value === true || isOneOrMore(value, isText(/^[^*]*\*?$/)),
        'must be true for any value, a value with "*" only at its end, or a list of values',
      ),
      'must be an object of header fields, such as { "x-error": true }',
    )
    .check(
      z.refine(
        (values) => Object.keys(values).every((name) => tokenPattern.test(name)),
        "has a name that no header field can have",
      ),
    ),
  contentLength: fields("contentLength", {
    min: bound,
    max: bound,
  } satisfies FormsOf<WrittenLengthBounds>).check(
    z.refine(
      ({ min = 0, max = Infinity }) => min <= max,
      "has a min above its max, so no answer fits",
    ),
  ),
} satisfies FormsOf<WrittenAnswerConditions>).check(
  z.refine(
    ({ contentLength, header, ...others }) =>
      Object.values({ ...contentLength, ...header, ...others }).some((one) => one !== undefined),
    "has no condition: add status, type, header or contentLength",
  ),
);

const rule = z
  .strictObject(
    {
      when: conditions,
      fresh: z.optional(duration),
      tags: z.optional(
        z.readonly(z.array(text("images"), 'must be a list of tags, such as ["images"]')),
      ),
      store: z.optional(z.literal(false, "must be false, or left out")),
      strip: z.optional(
        z.readonly(
          z.array(
            z.enum(
              strippableFields,
              `can only be ${strippableFields.join(", ")}, because keys, lifetimes or purges depend on other fields`,
            ),
            'must be a list of fields, such as ["etag"]',
          ),
        ),
      ),
    } satisfies FormsOf<WrittenAnswerRule>,
    { error: strictly("a rule on answers") },
  )
  .check(
    z.superRefine(({ when, fresh, tags, store, strip }, context) => {
      const say = (path: string[], message: string) =>
        context.addIssue({ code: "custom", path, message });
      if ((fresh ?? tags ?? store ?? strip) === undefined) {
        say([], "has no effect: add fresh, tags, store or strip");
      }
      if (store === false && (fresh ?? tags) !== undefined) {
        say(["store"], "is false, so fresh and tags have no effect; remove them");
      }
      for (const one of fresh === undefined ? [] : [when.status ?? []].flat()) {
        const never = typeof one === "number" ? whyNeverStored(one) : undefined;
        if (never !== undefined) say(["when", "status"], `${one} ${never}; leave it out`);
      }
    }),
  );

/** A list of rules. */
export const answerRules = z.readonly(
  z.array(rule, "must be a list of rules, such as [{ when: { status: 500 }, store: false }]"),
);
