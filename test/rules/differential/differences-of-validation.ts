// Lists cases in which Tidemark and http-cache-semantics validate a stored response differently, or
// update it differently from a 304.
import type { Difference } from "./difference.ts";
import { changed } from "./taking-out.ts";

const isWeak = (etag: string): boolean => etag.startsWith("W/");

export const differencesOfValidation: readonly Difference[] = [
  {
    id: "conditions-of-the-client",
    agreedShareMax: { conditions: 0.05 },
    without: (given) =>
      changed(given, "asks", { ifNoneMatch: undefined, ifModifiedSince: undefined }),
  },
  {
    id: "304-without-validators",
    agreedShareMax: { freshens: 0 },
    without: (given) => {
      const { etag, lastModified } = given.notModified;
      const has = given.response.etag !== undefined || given.response.lastModified !== undefined;
      return has && etag === undefined && lastModified === undefined
        ? changed(given, "response", { etag: undefined, lastModified: undefined })
        : given;
    },
  },
  {
    id: "weak-304-of-an-untagged-response",
    agreedShareMax: { freshens: 0 },
    without: (given) => {
      const tag = given.notModified.etag;
      const [stored, newer] = [given.response.lastModified, given.notModified.lastModified];
      const hasSameDate = stored !== undefined && stored.text === newer?.text;
      return tag !== undefined && isWeak(tag) && given.response.etag === undefined && hasSameDate
        ? changed(given, "notModified", { etag: undefined })
        : given;
    },
  },
  {
    id: "field-new-in-304",
    agreedShareMax: { freshened: 0 },
    without: (given) => {
      const { stored, newer } = given.update;
      const kept = Object.entries(newer).filter(([name]) => name in stored || !isTaken(name));
      return kept.length === Object.keys(newer).length
        ? given
        : changed(given, "update", { newer: Object.fromEntries(kept) });
    },
  },
  {
    id: "age-after-304",
    agreedShareMax: { freshened: 0 },
    without: (given) => {
      const { stored, newer } = given.update;
      if (!("age" in stored) || "age" in newer) return given;
      const { age: _stale, ...kept } = stored;
      return changed(given, "update", { stored: kept });
    },
  },
  {
    id: "cookie-in-304",
    agreedShareMax: { freshened: 0 },
    without: (given) => {
      const { "set-cookie": cookie, ...newer } = given.update.newer;
      return cookie === undefined || given.update.stored["set-cookie"] === undefined
        ? given
        : changed(given, "update", { newer });
    },
  },
];

/**
 * Returns whether a 304 updates the field. Fields that describe the body do not change, cookies are
 * not stored.
 */
function isTaken(name: string): boolean {
  return !["content-encoding", "content-length", "content-range", "set-cookie"].includes(name);
}
