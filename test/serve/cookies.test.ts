// Which cookies are forwarded, which are keyed, and whether one is there that nobody knows.
import { expect, it } from "vitest";
import { sortCookies } from "../../src/serve/cookies.ts";

const sorted = (field: string | null) =>
  sortCookies({ field, key: ["currency"], drop: [["_ga", "_ga_*"], ["theme"]] });

it.each([
  { id: "none", field: null, forwarded: "", keyed: [], hasUnknown: false },
  { id: "empty", field: "", forwarded: "", keyed: [], hasUnknown: false },
  { id: "only-separators", field: " ; ;", forwarded: "", keyed: [], hasUnknown: false },
  { id: "harmless", field: "_ga=1; _ga_X=2", forwarded: "", keyed: [], hasUnknown: false },
  { id: "ignored-by-the-route", field: "theme=dark", forwarded: "", keyed: [], hasUnknown: false },
  {
    id: "keyed",
    field: "_ga=1; currency=EUR",
    forwarded: "currency=EUR",
    keyed: ["currency=EUR"],
    hasUnknown: false,
  },
  {
    id: "unknown",
    field: "_ga=1; session=7; currency=EUR",
    forwarded: "session=7; currency=EUR",
    keyed: ["currency=EUR"],
    hasUnknown: true,
  },
  { id: "no-name", field: "=x", forwarded: "=x", keyed: [], hasUnknown: true },
  { id: "no-value", field: "session", forwarded: "session", keyed: [], hasUnknown: true },
  { id: "case-counts", field: "_GA=1", forwarded: "_GA=1", keyed: [], hasUnknown: true },
  { id: "more-than-the-name", field: "_gas=1", forwarded: "_gas=1", keyed: [], hasUnknown: true },
  {
    id: "twice",
    field: "currency=EUR; currency=USD",
    forwarded: "currency=EUR; currency=USD",
    keyed: ["currency=EUR", "currency=USD"],
    hasUnknown: false,
  },
])("$id", (row) => {
  expect({ ...row, ...sorted(row.field) }).toEqual(row);
});
