// The request bodies of the operator's routes `warm`, `switch` and `outward`.
import * as z from "zod/mini";

const pagesMax = 1_000;
const limitMax = 100;

const count = z.int("must be a whole number");
const headers = z.optional(z.record(z.string(), z.string()));

export const warmOrder = z.strictObject(
  {
    /** A string is a URL, or a path on the host of the request. */
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
    /** Keys to load after the pages, by namespace. */
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
    /** The number of pages and keys that earlier calls have finished. Default: 0. */
    cursor: z.optional(count.check(z.minimum(0, "is below 0"))),
    /** Pages per call, 1 to 100. Default: up to 8, within the 50 subrequests of the free plan. */
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
/** A page to request, and the header fields of the request. */
export type PageToWarm = Exclude<NonNullable<WarmOrder["pages"]>[number], string>;

export const switchOrder = z.strictObject({
  /** `true`: all routes. `false`: no route. An array: the routes with these names. */
  bypass: z.union([z.boolean(), z.array(z.string()).check(z.minLength(1))]),
  reason: z.optional(z.string().check(z.maxLength(200))),
});

export type SwitchOrder = Immutable<z.output<typeof switchOrder>>;

/** The body of `POST outward`. `skip` purges everything at the target, and drops older purges. */
export const outwardOrder = z.strictObject({
  target: z.string(),
  do: z.enum(["deliver", "skip"]),
});

/** Makes a type deeply readonly. */
export type Immutable<Data> = Data extends object
  ? { readonly [Name in keyof Data]: Immutable<Data[Name]> }
  : Data;
