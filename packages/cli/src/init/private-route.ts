// Drafts the routes for private pages, and for clients that are logged in: examined, linked or
// disallowed by robots.txt, or usual for the platform.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { literalPattern, privatePattern } from "../origin/page-kind.ts";
import { type JudgedPage, reasons } from "./content-route.ts";
import { type DraftRoute, fewest, listed } from "./draft.ts";
import { privateOf, signedInCookiesOf } from "./known-platforms.ts";

/** A name that a condition accepts, and that is safe in a comment. */
const plainName = /^[\w.-]+$/;

/** Drafts the route for clients with a cookie that only private pages set, such as the log-in. */
export function signedInRoute(sight: OriginSight, pages: readonly JudgedPage[]): DraftRoute[] {
  const setBy = (isPrivate: boolean) =>
    pages
      .filter(({ sight: { kind } }) => (kind === "private") === isPrivate)
      .flatMap(({ sight: { cookies } }) => cookies);
  const elsewhere = new Set(setBy(false));
  const seen = setBy(true).filter((name) => plainName.test(name) && !elsewhere.has(name));
  const names = [...new Set([...seen, ...signedInCookiesOf(sight.platform)])];
  if (names.length === 0) return [];
  const found = seen.length > 0 ? ` Only private pages set: ${listed(seen)}.` : "";
  return [
    {
      name: "signed-in",
      match: ["*"],
      comments: [`Clients that are logged in: their pages are never stored.${found}`],
      fields: [`when: { cookie: ${JSON.stringify(names)} }`, "bypass: true"],
      samples: [],
    },
  ];
}

export function privateRoute(sight: OriginSight, pages: readonly JudgedPage[]): DraftRoute {
  const seen = pages
    .filter(({ judgement: { kind } }) => kind === "private")
    .map(({ sight: { path } }) => privatePattern(path) ?? literalPattern(path));
  const known = privateOf(sight.platform);
  const found = fewest([...seen, ...sight.privatePatterns]);
  const more = fewest([...found, ...known]).filter((pattern) => !found.includes(pattern));
  const named = `Not seen, but listed as a precaution: ${more.join(", ")}.`;
  const linked = sight.privatePatterns.length > 0;
  return {
    name: "private",
    match: fewest([...found, ...known]),
    comments: [
      "Private pages: never stored.",
      ...reasons(pages.filter(({ judgement: { kind } }) => kind === "private")),
      ...(linked ? [`Linked, or disallowed by robots.txt: ${listed(sight.privatePatterns)}.`] : []),
      ...(more.length > 0 ? [named] : []),
    ],
    fields: ["bypass: true"],
    samples: [],
  };
}
