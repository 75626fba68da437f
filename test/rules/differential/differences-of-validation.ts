// Where the two differ in how a stored response is validated, and in what a 304 does to it.
import type { Difference } from "./difference.ts";
import { changed } from "./taking-out.ts";

const isWeak = (etag: string): boolean => etag.startsWith("W/");

export const differencesOfValidation: readonly Difference[] = [
  {
    id: "conditions-of-the-client",
    agreedShareMax: { conditions: 0.05 },
    without: (given) =>
      changed(given, "asks", { ifNoneMatch: undefined, ifModifiedSince: undefined }),
    ours: "sends only the stored response's validators",
    theirs: "also sends the client's",
    clause: "RFC 9111 §4.3.1",
    right: "both",
    why: "the clause leaves it open; Tidemark validates the one response that a 304 would freshen",
  },
  {
    id: "strong-304-of-a-weak-response",
    agreedShareMax: { freshens: 0 },
    without: (given) => {
      const [stored, newer] = [given.response.etag, given.notModified.etag];
      if (stored === undefined || newer === undefined) return given;
      return stored === `W/${newer}` ? changed(given, "notModified", { etag: undefined }) : given;
    },
    ours: 'does not let a 304 with `"a"` freshen a response with `W/"a"`',
    theirs: "first strips W/ from the stored tag",
    clause: "RFC 9111 §4.3.4",
    right: "ours",
    why: "a strong validator must be the same strong validator",
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
    ours: "lets a 304 without validators freshen the validated response",
    theirs: "lets it freshen only a response without a validator",
    clause: "RFC 9111 §4.3.4",
    right: "theirs",
    why: "departs: only one response was validated, and many origins omit validators",
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
    ours: "does not let a 304 with a weak ETag freshen a response without one",
    theirs: "then compares Last-Modified",
    clause: "RFC 9111 §4.3.4",
    right: "both",
    why: "one of its validators corresponds, another does not; Tidemark requests the origin again",
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
    ours: "adds fields that only the 304 has",
    theirs: "replaces stored fields, and adds none",
    clause: "RFC 9111 §3.2",
    right: "ours",
    why: "each field of the 304 is added to the stored response",
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
    ours: "drops the stored Age; the 304 states the age",
    theirs: "keeps it and counts from the 304 on",
    clause: "RFC 9111 §4.2.3, §4.3.4",
    right: "ours",
    why: "the age is that of the 304, which has just validated the response",
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
    ours: "does not store the cookie of a 304",
    theirs: "replaces the stored cookie by it",
    clause: "RFC 9111 §3.2, §7.3",
    right: "theirs",
    why: "departs: a cookie is for the answered client",
  },
];

/** The body's own description stays as it is, and a cookie is never stored. */
function isTaken(name: string): boolean {
  return !["content-encoding", "content-length", "content-range", "set-cookie"].includes(name);
}
