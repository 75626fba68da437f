// Drafts single routes from the examined pages: of content, APIs, files and private pages. In doubt,
// a route sets no lifetime or bypasses the cache.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { type Judgement, judge } from "../origin/judge-page.ts";
import { fieldOfTrait, isUntold, type PageSight } from "../origin/look-at-page.ts";
import {
  apiPattern,
  literalPattern,
  mediaEndingOf,
  segmentsOf,
  isFingerprinted,
  privatePattern,
} from "../origin/page-kind.ts";
import { harmlessInWordPress, privateOf, signedInCookiesOf } from "../origin/platform.ts";

export interface DraftRoute {
  readonly name: string;
  readonly match: readonly string[];
  /** Lines of the comment above the route. */
  readonly comments: readonly string[];
  /** The other fields of the route as code, such as `fresh: "5m"`. */
  readonly fields: readonly string[];
}

export interface Draft {
  readonly sight: OriginSight;
  /** The effect of consent cookies on pages: none, some or unknown. */
  readonly consent: "ignored" | "counts" | "unseen";
  readonly routes: readonly DraftRoute[];
}

export function isBypass({ fields }: DraftRoute): boolean {
  return fields.includes("bypass: true");
}

/** Removes patterns that another pattern of the list covers. */
export function fewest(patterns: readonly string[]): string[] {
  const all = [...new Set(patterns)];
  const covers = (wide: string, narrow: string) =>
    wide !== narrow &&
    wide.endsWith("/*") &&
    (narrow.startsWith(wide.slice(0, -1)) || narrow === wide.slice(0, -2));
  return all.filter((one) => !all.some((other) => covers(other, one)));
}

const shownMax = 4;

/** Returns the first four paths and the number of the others, such as "/a, /b, /c, /d and 3 more". */
export function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, shownMax).join(", ");
  const restCount = paths.length - shownMax;
  return restCount > 0 ? `${shown} and ${restCount} more` : shown;
}

/** Converts a pattern to a part of a route's name, such as `blog-posts` for `/blog/posts/*`. */
export function slugOf(pattern: string): string {
  const slug = pattern
    .replace(/\/\*$/, "")
    .replace(/[^\w]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return slug.toLowerCase() || "root";
}

export interface JudgedPage {
  readonly sight: PageSight;
  readonly judgement: Judgement;
}

export function judged(sight: PageSight): JudgedPage {
  return { sight, judgement: judge(sight) };
}

/**
 * Returns whether each response has a new token, or cookies change the page. Ignores `Vary`. Other
 * pages of the same route may do the same.
 */
export function isUnguarded({ sight: { change, differsBy } }: JudgedPage): boolean {
  return change === "token" || differsBy.includes("cookie");
}

/** Lifetimes for pages that can be shared. */
interface Lifetimes {
  readonly fresh: string;
  /** `undefined` keeps the origin's field. */
  readonly browser?: string;
  readonly staleWhileRevalidate?: string;
  readonly staleIfError: string;
}

type ContentFields = Pick<DraftRoute, "comments" | "fields">;

/** @param pages the examined pages of the route */
export function contentFields(pages: readonly JudgedPage[], lifetimes: Lifetimes): ContentFields {
  const comments = reasons(pages);
  const of = (...kinds: Judgement["kind"][]) =>
    pages.filter(({ judgement }) => kinds.includes(judgement.kind));
  const content = pages.filter(({ judgement }) => judgement.kind !== "other");
  const isForFew = pages.some(
    ({ sight }) => isUntold(sight, "user-agent") || isUntold(sight, "address"),
  );
  if (isForFew || (content.length > 0 && of("private").length === content.length)) {
    return { comments, fields: ["bypass: true"] };
  }
  const key = keyFor(pages);
  const doubtful = of("private", "uncertain");
  if (content.length === 0 || doubtful.length > 0) {
    const why =
      "So the route sets no lifetime: responses are used only as long as the origin allows.";
    return { comments: [...comments, why], fields: key };
  }
  return {
    comments: of("validated").length > 0 ? [...comments, ...aboutValidated] : comments,
    fields: [...writtenLifetimes(lifetimes), ...key],
  };
}

/**
 * Returns the page's media types. The usual one is first, because browsers accept several; of an
 * image, it is left out, because browsers prefer the others.
 */
const listedTypes = ({ contentType, otherTypes, kind }: PageSight): readonly string[] =>
  otherTypes.length > 0 && contentType !== "" && kind !== "asset"
    ? [contentType.toLowerCase(), ...otherTypes]
    : otherTypes;

/** Returns the field of the route that keys what pages depend on, and `Vary` does not name. */
export function keyFor(pages: readonly JudgedPage[]): string[] {
  const untold = (trait: "accept" | "language") =>
    pages.filter(({ sight }) => isUntold(sight, trait));
  const byAccept = untold("accept");
  // An unknown type needs the whole field.
  const isOfTypes = byAccept.every(({ sight: { otherTypes } }) => otherTypes.length > 0);
  const types = isOfTypes ? byAccept.flatMap(({ sight }) => listedTypes(sight)) : [];
  const names = [
    ...(isOfTypes ? [] : [fieldOfTrait.accept]),
    ...(untold("language").length > 0 ? [fieldOfTrait.language] : []),
  ];
  const members = Object.entries({ headers: names, accept: [...new Set(types)] })
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => `${name}: [${list.map((one) => JSON.stringify(one)).join(", ")}]`);
  return members.length === 0 ? [] : [`key: { ${members.join(", ")} }`];
}

const aboutValidated = [
  'The origin requires validation at each use. If it sends purges, mode: "override" lets `fresh` take precedence.',
];

function writtenLifetimes(lifetimes: Lifetimes): string[] {
  return Object.entries(lifetimes).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
}

/** Returns one line for each reason, with its pages. */
export function reasons(pages: readonly JudgedPage[]): string[] {
  const byWhy = Map.groupBy(pages, ({ judgement }) => judgement.why);
  return [...byWhy].map(
    ([why, members]) => `Seen: ${listed(members.map(({ sight }) => sight.path))}: ${why}.`,
  );
}

/**
 * Drafts the routes. If the origin's fields let caches store a response of an API, the route of the
 * API sets no lifetime. All other APIs bypass the cache.
 */
export function apiRoutes(sight: OriginSight, pages: readonly JudgedPage[]) {
  const inside = pages.filter(({ sight: { path } }) => path !== "/");
  const groups = Map.groupBy(inside, ({ sight: { path } }) => apiGroupOf(path));
  const shared = [...groups].filter(([, members]) =>
    members.some(({ judgement: { kind } }) => kind === "origin" || kind === "validated"),
  );
  const closed = fewest([
    ...[...groups.keys()].filter((pattern) => !shared.some(([one]) => one === pattern)),
    ...[...sight.apiPatterns, "/api/*", "/graphql"].filter(
      (pattern) => !shared.some(([one]) => one === pattern),
    ),
  ]);
  const alone = shared.flatMap(([, members]) =>
    members.filter(({ judgement: { kind } }) => kind === "private"),
  );
  const left = shared.map(([pattern, members]): DraftRoute => ({
    name: `api-${slugOf(pattern)}`,
    match: [pattern],
    comments: [
      "Data for programs: responses are used only as long as the origin allows.",
      ...reasons(members.filter((member) => !alone.includes(member))),
    ],
    fields: contentFields(members, { fresh: "1m", staleIfError: "1h" }).fields.filter((field) =>
      /^(?:key|bypass)/.test(field),
    ),
  }));
  const unseen = "It is unknown whether responses are the same for all clients.";
  const comments = [
    "APIs.",
    ...reasons(inside.filter((page) => closed.includes(apiGroupOf(page.sight.path)))),
    unseen,
  ];
  const passing: DraftRoute = {
    name: "api",
    match: closed,
    comments,
    fields: ["bypass: true"],
  };
  return { routes: [...left, passing], alone };
}

function apiGroupOf(path: string): string {
  const segments = segmentsOf(path);
  const top = literalPattern(`/${segments[0] ?? ""}`);
  return apiPattern(path) ?? (segments.length > 1 ? `${top}/*` : literalPattern(path));
}

/** Folders whose names indicate that they contain only files. */
const fileFolder =
  /^(?:assets|static|_next|_nuxt|_astro|build|dist|css|styles|js|scripts|img|images|media|fonts|bundles|themes|uploads)$/i;

export function assetRoutes(
  assets: readonly JudgedPage[],
  content: readonly JudgedPage[],
): DraftRoute[] {
  const good = assets.filter(
    (page) =>
      page.judgement.kind !== "other" && page.judgement.kind !== "private" && !isMedia(page),
  );
  const patternOf = ({ sight: { path } }: JudgedPage) => patternOfFolder(path, content);
  return [...Map.groupBy(good, patternOf)].map(([pattern, members]) =>
    assetRoute(pattern, members),
  );
}

function isMedia({ sight: { path, hasValidator }, judgement: { kind } }: JudgedPage): boolean {
  const isShared = kind !== "other" && kind !== "private";
  return isShared && hasValidator && mediaEndingOf(path) !== undefined;
}

/** The field of a route with media, which needs an import. */
export const inSlices = "use: [slices()]";

/** Drafts the route for files that players and readers of maps request in ranges. */
export function mediaRoute(assets: readonly JudgedPage[]): DraftRoute[] {
  const good = assets.filter(isMedia);
  const endings = [...new Set(good.flatMap(({ sight: { path } }) => mediaEndingOf(path) ?? []))];
  if (endings.length === 0) return [];
  const match = endings.map((ending) => `/*.${ending}`);
  const made = contentFields(good, { fresh: "1h", staleIfError: "7d" });
  const comments = ["Files that clients request in ranges.", ...made.comments];
  const isSliced = !made.fields.includes("bypass: true");
  const fields = [...made.fields, ...(isSliced ? [inSlices] : [])];
  return [{ name: "media", match, comments, fields }];
}

/**
 * Returns the pattern of the outermost folder in the path whose name is typical of files. If there
 * is no such folder, uses the file's own folder. If the folder is the root or contains pages,
 * returns a pattern for only this path.
 */
function patternOfFolder(path: string, content: readonly JudgedPage[]): string {
  const segments = segmentsOf(path).slice(0, -1);
  const at = segments.findIndex((segment) => fileFolder.test(segment));
  const folder = `/${segments.slice(0, at < 0 ? undefined : at + 1).join("/")}/`;
  const holdsPages = content.some((page) => page.sight.path.startsWith(folder));
  return segments.length === 0 || holdsPages ? literalPattern(path) : `${literalPattern(folder)}*`;
}

function assetRoute(pattern: string, members: readonly JudgedPage[]): DraftRoute {
  const paths = members.map(({ sight: { path } }) => path);
  const isVersioned = paths.every(
    (path) => isFingerprinted(path) || /[?&](?:v|ver|version)=/.test(path),
  );
  const isSilent = members.every(({ judgement: { kind } }) => kind === "open");
  const made = contentFields(
    members,
    isVersioned
      ? { fresh: "30d", ...(isSilent ? { browser: "1d" } : {}), staleIfError: "30d" }
      : { fresh: "1h", staleWhileRevalidate: "1d", staleIfError: "7d" },
  );
  const about = isVersioned
    ? "Files whose URL changes with their content."
    : "Files that keep their URL when they change: purge them by URL.";
  return {
    name: `files-${slugOf(pattern)}`,
    match: [pattern],
    ...made,
    comments: [about, ...made.comments],
  };
}

export function listsRoute(files: readonly JudgedPage[]): DraftRoute[] {
  const good = files.filter(({ judgement: { kind } }) => kind !== "other" && kind !== "private");
  if (good.length === 0) return [];
  const match = fewest(good.map(({ sight: { path } }) => literalPattern(path)));
  return [{ name: "lists", match, ...contentFields(good, { fresh: "10m", staleIfError: "1d" }) }];
}

/** A name that a condition accepts, and that is safe in a comment. */
const plainName = /^[\w.-]+$/;

/** Drafts the route for clients with a cookie that only private pages set, such as the log-in. */
export function signedInRoute(sight: OriginSight, pages: readonly JudgedPage[]): DraftRoute[] {
  const setBy = (isPrivate: boolean) =>
    pages
      .filter(({ sight: { kind } }) => (kind === "private") === isPrivate)
      .flatMap(({ sight: { cookies } }) => cookies);
  const elsewhere = new Set([...setBy(false), ...harmlessInWordPress]);
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
  };
}
