// The schema of changes of header fields, with the error messages.
import * as v from "valibot";
import { record } from "../base/schemas.ts";
import { traceFieldNames } from "../rules/trace-context.ts";
import { conditionalFieldNames } from "../rules/validators.ts";
import { fits } from "./credential-fields.ts";
import { fieldNames, fields, type FormsOf, namedLike, sentValue } from "./forms.ts";
import type { WrittenEdits } from "./written-origin.ts";

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

const editedNames = v.pipe(
  fieldNames,
  v.rawCheck(({ dataset, addIssue }) => {
    for (const name of dataset.typed ? dataset.value : []) {
      const isListed = (pattern: string) => fits(pattern, name.toLowerCase());
      const found = notEdited.find(([names]) => names.split(" ").some(isListed));
      if (found) addIssue({ message: `names ${name}, which edits cannot change; use ${found[1]}` });
    }
  }),
);
const editedLines = v.pipe(
  record(v.string(), sentValue, 'must be values by name, such as { "x-env": "live" }'),
  namedLike(editedNames),
);

export const edits = fields("headers", {
  set: editedLines,
  add: editedLines,
  remove: editedNames,
} satisfies FormsOf<WrittenEdits>);
