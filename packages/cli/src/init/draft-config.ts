// Drafts the routes: first those that bypass the cache, then files, then pages, then all others.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { harmlessInWordPress } from "../origin/platform.ts";
import { literalPattern, segmentsOf, privatePattern } from "../origin/page-kind.ts";
import {
  apiRoutes,
  contentFields,
  isUnguarded,
  keyFor,
  type JudgedPage,
  judged,
  reasons,
  type Draft,
  type DraftRoute,
  slugOf,
  assetRoutes,
  isBypass,
  listsRoute,
  mediaRoute,
  privateRoute,
  signedInRoute,
  fewest,
} from "./draft-routes.ts";

export function draftConfig(sight: OriginSight): Draft {
  const pages = sight.pages.map(judged);
  const isWordPress = sight.platform === "WordPress" || sight.platform === "WooCommerce";
  const routes = isWordPress ? wordPressRoutes(sight, pages) : plainRoutes(sight, pages);
  const assets = pages.filter(({ sight: { kind } }) => kind === "asset");
  const at = routes.findIndex((route) => !isBypass(route));
  const media = mediaRoute(assets);
  const all = [...signedInRoute(sight, pages), ...routes.toSpliced(at, 0, ...media)];
  return { sight, consent: consentOf(sight, pages), routes: namedOnce(all) };
}

/**
 * Returns the effect of cookies. The effect is unknown if a shared page differs in each response,
 * because such pages cannot be compared, if a request failed, or if no page was compared.
 */
function consentOf({ failures }: OriginSight, pages: readonly JudgedPage[]): Draft["consent"] {
  if (pages.some(({ sight: { differsBy } }) => differsBy.includes("cookie"))) return "counts";
  const html = pages.filter(({ sight: { kind, status } }) => kind === "page" && status === 200);
  const isUnseen = ({ sight: { change, uncompared }, judgement: { kind } }: JudgedPage) =>
    uncompared === undefined
      ? change === "content" && (kind === "origin" || kind === "validated")
      : kind !== "private";
  const isCompared = html.some(
    ({ sight: { change, uncompared } }) => change !== "content" && uncompared === undefined,
  );
  const isKnown = isCompared && !html.some(isUnseen) && failures.length === 0;
  return isKnown ? "ignored" : "unseen";
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
  const groups = Map.groupBy(deep, ({ sight: { path } }) => segmentsOf(path)[0] ?? "");
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
    };
  }
  const isStored = made.fields.some((field) => field.startsWith("fresh"));
  const negative = isStored && missing?.status === 404 ? ['negative: { 404: "10s" }'] : [];
  const fields = [...made.fields, ...negative];
  return { ...made, name: "pages", match: ["*"], comments, fields };
}

const ofData = "The front page is data for programs, so the route sets no lifetime.";

const passing = (name: string, match: string): DraftRoute => ({
  name,
  match: [match],
  comments: [],
  fields: ["bypass: true"],
});

const own: readonly DraftRoute[] = [
  passing("admin", "/wp-admin/*"),
  passing("login", "/wp-login.php"),
  {
    ...passing("comments", "/wp-comments-post.php"),
    comments: ["A new comment purges its page."],
    fields: ["bypass: true", 'invalidate: "everywhere"'],
  },
  passing("cron", "/wp-cron.php"),
  passing("xmlrpc", "/xmlrpc.php"),
  passing("api", "/wp-json/*"),
];

function wordPressRoutes(sight: OriginSight, judgedPages: readonly JudgedPage[]): DraftRoute[] {
  const ownPatterns = new Set(own.flatMap(({ match }) => match));
  const isOwn = (path: string) => ownPatterns.has(privatePattern(path) ?? "");
  const pages = judgedPages.filter(
    ({ sight: { path } }) => !isOwn(path) && !path.startsWith("/wp-"),
  );
  const content = pages.filter(({ sight: { kind } }) => kind !== "private");
  const ofOne = content.filter(({ judgement: { kind } }) => kind === "private");
  const isAllOfOne = ofOne.length === content.length;
  const alone = isAllOfOne ? [] : ofOne;
  const rest = content.filter(
    (page) =>
      (!alone.includes(page) || isUnguarded(page)) &&
      (page.sight.kind === "page" || page.sight.kind === "feed"),
  );
  const others = privateRoute(
    {
      ...sight,
      privatePatterns: fewest(sight.privatePatterns.filter((one) => !ownPatterns.has(one))),
    },
    [...pages.filter(({ sight: { kind } }) => kind === "private"), ...alone],
  );
  return [...own, others, ...files(judgedPages), icon, pagesRoute(rest)];
}

function files(pages: readonly JudgedPage[]): DraftRoute[] {
  return ["uploads", "scripts"].map((name) => {
    const folder = name === "uploads" ? "/wp-content/" : "/wp-includes/";
    const seen = pages.filter(({ sight: { path } }) => path.startsWith(folder));
    const isDoubtful = seen.some(
      ({ judgement: { kind } }) => kind === "private" || kind === "uncertain",
    );
    return {
      name,
      match: [`${folder}*`],
      comments: [
        ...(name === "uploads"
          ? ["After you replace a picture under the same name, purge its URL."]
          : []),
        ...(isDoubtful
          ? ["Some files are not the same for all clients, so only the origin sets lifetimes."]
          : []),
      ],
      fields: isDoubtful ? keyFor(seen) : ['fresh: "30d"', 'browser: "1d"'],
    };
  });
}

const icon: DraftRoute = {
  name: "icon",
  match: ["/favicon.ico"],
  comments: [],
  fields: ['fresh: { 200: "1d", 302: "1d" }'],
};

function pagesRoute(rest: readonly JudgedPage[]): DraftRoute {
  const isTagged = rest.some(({ sight: { hasTags } }) => hasTags);
  const made = contentFields(rest, {
    fresh: isTagged ? "8h" : "10m",
    browser: "0s",
    staleIfError: "1d",
  });
  const isStored = made.fields.some((field) => field.startsWith("fresh"));
  const about = isTagged
    ? "Pages have tags. If the plugin of examples/wordpress sets them, it also purges the pages: 8h is less than the lifetime of a nonce in a form. If another plugin sets them, write 10m."
    : "No page has tags, so nothing purges pages: 10m. With the plugin of examples/wordpress, write 8h.";
  return {
    name: "pages",
    match: ["*"],
    ...made,
    comments: [about, ...made.comments],
    fields: [
      ...made.fields,
      ...(isStored ? ['negative: { 404: "5m" }'] : []),
      ...(made.fields.includes("bypass: true")
        ? []
        : [`cookies: { ignore: [${harmlessInWordPress.map((name) => `"${name}"`).join(", ")}] }`]),
    ],
  };
}
