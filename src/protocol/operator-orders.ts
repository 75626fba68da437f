// The request bodies of the operator's routes `warm`, `switch` and `outward`.
import * as v from "valibot";
import { finite, record, strictObject, whole } from "../base/schemas.ts";
import { reasonCharsMax } from "./purge-order.ts";

const pagesMax = 1_000;
const limitMax = 100;

const count = whole("must be a whole number");
const headers = v.optional(record(v.string(), v.string()));

export const warmOrder = strictObject({
  /** Up to 1,000 pages. A string is a URL of the site, or a path on the host of the request. */
  pages: v.optional(
    v.pipe(
      v.array(
        v.union(
          [v.string(), strictObject({ url: v.string(), headers })],
          'must be a URL, a path, or an object such as {"url": "/a", "headers": {"accept-language": "de"}}',
        ),
        "must be an array of URLs",
      ),
      v.maxLength(pagesMax, `names more than ${pagesMax} pages`),
    ),
  ),
  /** Up to 10,000 keys to load after the pages, by namespace. */
  data: v.optional(
    record(
      v.string(),
      v.array(
        v.union([v.string(), finite()], "must be a string or a number"),
        "must be an array of keys",
      ),
      "must be an object with an array of keys for each namespace",
    ),
  ),
  /** The number of pages and keys that earlier calls have finished: `next` of the last answer. Default: 0. */
  cursor: v.optional(v.pipe(count, v.minValue(0, "is below 0"))),
  /** Pages per call, 1 to 100. Default: up to 8, within the 50 subrequests of the free plan. */
  limit: v.optional(
    v.pipe(count, v.minValue(1, "is below 1"), v.maxValue(limitMax, `is over ${limitMax}`)),
  ),
});

export type WarmOrder = Immutable<v.InferOutput<typeof warmOrder>>;
/** A page to request, and the header fields of the request. */
export type PageToWarm = Exclude<NonNullable<WarmOrder["pages"]>[number], string>;

export const switchOrder = strictObject({
  /** `true`: all routes. `false`: no route. An array: the routes with these names. */
  bypass: v.union([v.boolean(), v.pipe(v.array(v.string()), v.minLength(1))]),
  reason: v.optional(v.pipe(v.string(), v.maxLength(reasonCharsMax))),
});

export type SwitchOrder = Immutable<v.InferOutput<typeof switchOrder>>;

/** The body of `POST outward`. `skip` purges everything at the target, and drops older purges. */
export const outwardOrder = strictObject({
  target: v.string(),
  do: v.picklist(["deliver", "skip"]),
});

/** Makes a type deeply readonly. */
export type Immutable<Data> = Data extends object
  ? { readonly [Name in keyof Data]: Immutable<Data[Name]> }
  : Data;
