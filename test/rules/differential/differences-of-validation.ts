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
    ours: "sends the stored response's validators alone",
    theirs: "sends the client's beside them",
    clause: "RFC 9111 §4.3.1",
    right: "both",
    why: "left open; ours asks about the one response that a 304 would freshen",
  },
  {
    id: "strong-304-of-a-weak-response",
    agreedShareMax: { freshens: 0 },
    without: (given) => {
      const [stored, newer] = [given.response.etag, given.notModified.etag];
      if (stored === undefined || newer === undefined) return given;
      return stored === `W/${newer}` ? changed(given, "notModified", { etag: undefined }) : given;
    },
    ours: 'lets a 304 with `"a"` not freshen what has `W/"a"`',
    theirs: "takes the W/ off what is stored first",
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
    ours: "lets a 304 without validators freshen what was asked about",
    theirs: "lets it freshen only what has no validator itself",
    clause: "RFC 9111 §4.3.4",
    right: "theirs",
    why: "departs: only one response was asked about, and many origins leave validators out",
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
    ours: "lets a 304 with a weak ETag not freshen what has none",
    theirs: "then compares Last-Modified",
    clause: "RFC 9111 §4.3.4",
    right: "both",
    why: "one of its validators corresponds, another does not; ours asks the origin once more",
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
    ours: "adds the fields that only the 304 has",
    theirs: "replaces the fields that are stored, and adds none",
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
    ours: "forgets the stored Age; the 304 says how old it is",
    theirs: "keeps it and counts it from the 304 on",
    clause: "RFC 9111 §4.2.3, §4.3.4",
    right: "ours",
    why: "the age counts from the response that was validated now",
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
    ours: "leaves the cookie of a 304 out of what is stored",
    theirs: "replaces the stored cookie by it",
    clause: "RFC 9111 §3.2, §7.3",
    right: "theirs",
    why: "departs: a cookie is for the client that was answered",
  },
];

/** The body's own description stays as it is, and a cookie is never stored. */
function isTaken(name: string): boolean {
  return !["content-encoding", "content-length", "content-range", "set-cookie"].includes(name);
}
