// The schema of a route's rules on answers, with the error messages.
import * as v from "valibot";
import { record, stepTo, whole } from "../base/schemas.ts";
import { conditional, duration, fields, type FormsOf, list, strictly, text } from "./forms.ts";
import { whyNeverStored } from "../rules/storable.ts";
import { tokenPattern } from "../rules/cache-control.ts";
import type { WrittenAnswerRule } from "./written-route.ts";
import {
  type StatusPattern,
  strippableFields,
  type WrittenAnswerConditions,
  type WrittenLengthBounds,
} from "./written-origin.ts";

type Fits = (value: unknown) => boolean;

const isOneOrMore = (value: unknown, fits: Fits) =>
  Array.isArray(value) ? value.length > 0 && value.every(fits) : fits(value);

/** Returns the schema of one value or of a list of values. */
const oneOrMore = <One>(fits: Fits, error: string) =>
  v.custom<One | readonly One[]>(
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

const bound = v.pipe(whole("must be a whole number of bytes"), v.minValue(0, "is less than 0"));

const lengthBounds = fields(
  "contentLength",
  { min: bound, max: bound } satisfies FormsOf<WrittenLengthBounds>,
  "must be bounds in bytes, such as { max: 1_000 }",
);

const conditionFields = {
  status: oneOrMore<StatusPattern>(
    isStatus,
    'must be a status from 200 to 599, or a class such as "5xx"',
  ),
  type: oneOrMore<string>(
    isText(/^[\w.+-]+\/(?:[\w.+-]*\*|[\w.+-]+)$/),
    'must be a media type without parameters, such as "text/html" or "image/*"',
  ),
  header: v.pipe(
    record(
      v.string(),
      v.custom<true | string | readonly string[]>(
        (value) => value === true || isOneOrMore(value, isText(/^[^*]*\*?$/)),
        'must be true for any value, a value with "*" only at its end, or a list of values',
      ),
      'must be an object of header fields, such as { "x-error": true }',
    ),
    v.check(
      (values) => Object.keys(values).every((name) => tokenPattern.test(name)),
      "has a name that no header field can have",
    ),
  ),
  contentLength: v.pipe(
    lengthBounds,
    v.check(
      ({ min = 0, max = Infinity }) => min <= max,
      "has a min above its max, so no answer fits",
    ),
  ),
} satisfies FormsOf<WrittenAnswerConditions>;
const conditions = fields(
  "a condition on answers",
  conditionFields,
  "must be an object of conditions, such as { status: 500 }",
);

const rule = strictly("a rule on answers", {
  when: v.pipe(
    conditions,
    conditional("has no condition: add status, type, header or contentLength"),
  ),
  fresh: v.optional(duration),
  tags: v.optional(list(text("images"), 'must be a list of tags, such as ["images"]')),
  store: v.optional(v.literal(false, "must be false, or left out")),
  strip: v.optional(
    list(
      v.picklist(
        strippableFields,
        `can only be ${strippableFields.join(", ")}, because keys, lifetimes or purges depend on other fields`,
      ),
      'must be a list of fields, such as ["etag"]',
    ),
  ),
} satisfies FormsOf<WrittenAnswerRule>);

type Say = (message: string, ...path: string[]) => void;

function checkRule({ when, fresh, tags, store, strip }: v.InferOutput<typeof rule>, say: Say) {
  if ((fresh ?? tags ?? store ?? strip) === undefined) {
    say("has no effect: add fresh, tags, store or strip");
  }
  if (store === false && (fresh ?? tags) !== undefined) {
    say("is false, so fresh and tags have no effect; remove them", "store");
  }
  for (const one of fresh === undefined ? [] : [when.status ?? []].flat()) {
    const never = typeof one === "number" ? whyNeverStored(one) : undefined;
    if (never !== undefined) say(`${one} ${never}; leave it out`, "when", "status");
  }
}

/** A list of rules. */
export const answerRules = list(
  v.pipe(
    rule,
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      checkRule(dataset.value, (message, first, ...inner) =>
        addIssue({
          message,
          path: first === undefined ? undefined : [stepTo(first), ...inner.map(stepTo)],
        }),
      );
    }),
  ),
  "must be a list of rules, such as [{ when: { status: 500 }, store: false }]",
);
