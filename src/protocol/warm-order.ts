// The request body of `POST warm`: pages and keys to load into the tiers, a part per call. The caller
// repeats the list with `cursor` set to `next` from the answer, until `next` is `null`.
import * as z from "zod/mini";
import type { Immutable } from "./immutable.ts";

const pagesMax = 1_000;
const limitMax = 100;

const count = z.int("must be a whole number");
const headers = z.optional(z.record(z.string(), z.string()));

export const warmOrder = z.strictObject(
  {
    /** A string is a URL, or a path on the request's host. */
    pages: z.optional(
      z
        .array(
          z.union(
            [z.string(), z.strictObject({ url: z.string(), headers })],
            'must be a URL, a path, or an object such as {"url": "/a", "headers": {"accept-language": "de"}}',
          ),
          "must be an array of URLs",
        )
        .check(z.maxLength(pagesMax, `names more than ${pagesMax} pages`)),
    ),
    /** Keys to load, by namespace. They follow the pages. */
    data: z.optional(
      z.record(
        z.string(),
        z.array(
          z.union([z.string(), z.number()], "must be a string or a number"),
          "must be an array of keys",
        ),
        "must be an object with an array of keys for each namespace",
      ),
    ),
    /** Number of finished items. Default: 0. */
    cursor: z.optional(count.check(z.minimum(0, "is below 0"))),
    /** Pages per call, 1 to 100. Default: up to 8, within the free plan's 50 subrequests. */
    limit: z.optional(
      count.check(z.minimum(1, "is below 1"), z.maximum(limitMax, `is over ${limitMax}`)),
    ),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has ${issue.keys.map((key) => JSON.stringify(key.slice(0, 80))).join(", ")}, which is not a field of it`
        : "must be an object",
  },
);

export type WarmOrder = Immutable<z.output<typeof warmOrder>>;
/** A page to request, without fields of a particular client. */
export type PageToWarm = Exclude<NonNullable<WarmOrder["pages"]>[number], string>;
