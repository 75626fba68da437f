// `POST warm`: a list that is brought into the tiers from within, some of it at each call. The caller sends the
// same list again with the `next` of the answer as `cursor`, until `next` is `null`.
import * as z from "zod/mini";
import type { Immutable } from "./immutable.ts";

const pagesMax = 1_000;
const limitMax = 100;

const count = z.int("must be a whole number");
const headers = z.optional(z.record(z.string(), z.string()));

export const warmOrder = z.strictObject(
  {
    /** A text is a URL, or a path of the host that is asked. */
    pages: z.optional(
      z
        .array(
          z.union(
            [z.string(), z.strictObject({ url: z.string(), headers })],
            'must be a URL, a path, or an object such as {"url": "/a", "headers": {"accept-language": "de"}}',
          ),
          "must be a list of URLs",
        )
        .check(z.maxLength(pagesMax, `names more than ${pagesMax} pages`)),
    ),
    /** By namespace: keys that its `load` brings. They come after the pages. */
    data: z.optional(
      z.record(
        z.string(),
        z.array(
          z.union([z.string(), z.number()], "must be a text or a number"),
          "must be a list of keys",
        ),
        "must be an object with a list of keys for each namespace",
      ),
    ),
    /** How many of all have been done; 0 unless set. */
    cursor: z.optional(count.check(z.minimum(0, "is below 0"))),
    /** How many pages this call does, 1 to 100. Unless set, 8, or as many as the free plan's 50 subrequests do. */
    limit: z.optional(
      count.check(z.minimum(1, "is below 1"), z.maximum(limitMax, `is over ${limitMax}`)),
    ),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has ${issue.keys.map((key) => JSON.stringify(key.slice(0, 80))).join(", ")}, which is no field of it`
        : "must be an object",
  },
);

export type WarmOrder = Immutable<z.output<typeof warmOrder>>;
/** A request as a client would make it, without what is of one client. */
export type PageToWarm = Exclude<NonNullable<WarmOrder["pages"]>[number], string>;
