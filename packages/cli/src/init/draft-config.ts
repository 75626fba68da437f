// Drafts the routes: first those that bypass the cache, then files, then pages, then all others.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { literalPattern, segmentsOf } from "../origin/page-kind.ts";
import { apiRoutes } from "./api-routes.ts";
import { contentFields, isUnguarded, type JudgedPage, judged, reasons } from "./content-route.ts";
import { type Draft, type DraftRoute, groupedBy, slugOf } from "./draft.ts";
import { assetRoutes, listsRoute } from "./file-routes.ts";
import { privateRoute, signedInRoute } from "./private-route.ts";
import { wordPressRoutes } from "./wordpress-routes.ts";

export function draftConfig(sight: OriginSight): Draft {
  const pages = sight.pages.map(judged);
  const isWordPress = sight.platform === "WordPress" || sight.platform === "WooCommerce";
  const routes = isWordPress ? wordPressRoutes(sight, pages) : plainRoutes(sight, pages);
  const all = [...signedInRoute(sight, pages), ...routes];
  return { sight, consent: consentOf(pages), routes: namedOnce(all) };
}

/**
 * Returns the effect of cookies. The effect is unknown if a shared page differs in each response,
 * because such pages cannot be compared, or if no page was compared.
 */
function consentOf(pages: readonly JudgedPage[]): Draft["consent"] {
  if (pages.some(({ sight: { differsBy } }) => differsBy.includes("cookie"))) return "counts";
  const html = pages.filter(({ sight: { kind, status } }) => kind === "page" && status === 200);
  const isUnseen = ({ sight: { change }, judgement: { kind } }: JudgedPage) =>
    change === "content" && (kind === "origin" || kind === "validated");
  const isCompared = html.some(({ sight: { change } }) => change !== "content");
  return isCompared && !html.some(isUnseen) ? "ignored" : "unseen";
}

/** Makes the names unique, as the configuration requires. */
function namedOnce(routes: readonly DraftRoute[]): DraftRoute[] {
  const counts = new Map<string, number>();
  return routes.map((route) => {
    const count = (counts.get(route.name) ?? 0) + 1;
    counts.set(route.name, count);
    return count === 1 ? route : { ...route, name: `${route.name}-${count}` };
  });
}

function plainRoutes(sight: OriginSight, pages: readonly JudgedPage[]): DraftRoute[] {
  const ofKind = (...kinds: string[]) =>
    pages.filter(({ sight: { kind } }) => kinds.includes(kind));
  const content = ofKind("page");
  const groups = contentGroups(content);
  const grouped = new Set([...groups.values()].flat());
  const rest = content.filter((page) => !grouped.has(page));
  const api = apiRoutes(sight, ofKind("api"));
  const alone = [...rest, ...[...groups.values()].flat()].filter(
    (page) => page.judgement.kind === "private" && !isAllPrivate(groups, rest, page),
  );
  return [
    privateRoute(sight, [...ofKind("private", "asset", "feed"), ...alone, ...api.alone]),
    ...api.routes,
    ...assetRoutes(ofKind("asset"), content),
    ...listsRoute(ofKind("feed", "robots", "sitemap")),
    ...[...groups].map(([segment, members]) => groupRoute(segment, members)),
    restRoute(
      sight,
      rest.filter((page) => !alone.includes(page) || isUnguarded(page)),
      ofKind("api"),
    ),
  ];
}

/**
 * Returns whether the whole group of a page is private. The group's route then bypasses the cache,
 * so the page needs no route of its own.
 */
function isAllPrivate(
  groups: ReadonlyMap<string, readonly JudgedPage[]>,
  rest: readonly JudgedPage[],
  page: JudgedPage,
): boolean {
  const members = [...groups.values()].find((group) => group.includes(page)) ?? rest;
  return members.every(({ judgement: { kind } }) => kind === "private" || kind === "other");
}

/** Groups pages by their first segment, if at least two pages are below it. */
function contentGroups(pages: readonly JudgedPage[]): Map<string, JudgedPage[]> {
  const deep = pages.filter(
    ({ sight: { path }, judgement: { kind } }) => kind !== "other" && segmentsOf(path).length > 1,
  );
  const groups = groupedBy(deep, ({ sight: { path } }) => segmentsOf(path)[0] ?? "");
  return new Map([...groups].filter(([, members]) => members.length > 1));
}

function groupRoute(segment: string, members: readonly JudgedPage[]): DraftRoute {
  const paths = members.map(({ sight: { path } }) => path);
  const isFlat = paths.every((path) => segmentsOf(path).length === 2 && !path.endsWith("/"));
  const made = contentFields(members, {
    fresh: "5m",
    staleWhileRevalidate: "10m",
    staleIfError: "1d",
  });
  const name = slugOf(segment);
  const isStored = made.fields.some((field) => field.startsWith("fresh"));
  const isTagged = members.some(({ sight: { hasTags } }) => hasTags);
  const tags = isFlat
    ? `({ slug }) => [\`${name}:\${slug}\`, ${JSON.stringify(name)}]`
    : JSON.stringify([name]);
  return {
    name,
    match: [
      `${literalPattern(`/${segment}`)}/${isFlat && !made.fields.includes("bypass: true") ? ":slug" : "*"}`,
    ],
    ...made,
    fields: [...made.fields, ...(isStored && !isTagged ? [`tags: ${tags}`] : [])],
  };
}

function restRoute(
  { missing }: OriginSight,
  rest: readonly JudgedPage[],
  api: readonly JudgedPage[],
): DraftRoute {
  const home = api.filter(({ sight: { path } }) => path === "/");
  const made = contentFields(rest.length > 0 ? rest : home, {
    fresh: "1m",
    staleWhileRevalidate: "5m",
    staleIfError: "1d",
  });
  const comments = ["All other pages.", ...made.comments];
  if (home.length > 0) {
    const fields = made.fields.filter((field) => /^(?:key|bypass)/.test(field));
    return {
      name: "rest",
      match: ["*"],
      comments: ["All other pages.", ...reasons(home), ofData],
      fields,
      samples: [],
    };
  }
  const isStored = made.fields.some((field) => field.startsWith("fresh"));
  const negative = isStored && missing?.status === 404 ? ['negative: { 404: "10s" }'] : [];
  const fields = [...made.fields, ...negative];
  return { ...made, name: "pages", match: ["*"], comments, fields };
}

const ofData = "The front page is data for programs, so the route sets no lifetime.";
