// Lists cases in which Tidemark and http-cache-semantics validate a stored response differently, or
// update it differently from a 304.
import type { Difference } from "./difference.ts";
import { changed } from "./taking-out.ts";

const isWeak = (etag: string): boolean => etag.startsWith("W/");

export const differencesOfValidation: readonly Difference[] = [
  {
    // Tidemark sends only the validators of the stored response to the origin (§4.3.1; the
    // clause allows both).
    id: "conditions-of-the-client",
    agreedShareMax: { conditions: 0.05 },
    without: (given) =>
      changed(given, "asks", { ifNoneMatch: undefined, ifModifiedSince: undefined }),
  },
  {
    // The package lets a 304 without validators freshen only a response without validators
    // (§4.3.4; the package follows the clause).
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
    // Tidemark does not let a 304 with a weak ETag freshen a response without an ETag (§4.3.4;
    // the clause allows both).
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
    // Tidemark adds fields of the 304 that the stored response lacks (§3.2).
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
    // Tidemark takes the age from the 304 (§4.2.3, §4.3.4).
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
    // The package replaces the stored cookie with the cookie of the 304 (§3.2; the package
    // follows the clause).
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
