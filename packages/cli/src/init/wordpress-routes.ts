// Drafts routes for WordPress like those of examples/wordpress. Pages have a shorter lifetime if
// none of them has tags, because then no plugin purges them.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { privatePattern } from "../origin/page-kind.ts";
import { contentFields, isUnguarded, type JudgedPage } from "./content-route.ts";
import { type DraftRoute, fewest } from "./draft.ts";
import { privateRoute } from "./private-route.ts";

const passing = (name: string, match: string): DraftRoute => ({
  name,
  match: [match],
  comments: [],
  fields: ["bypass: true"],
  samples: [],
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

export function wordPressRoutes(
  sight: OriginSight,
  judgedPages: readonly JudgedPage[],
): DraftRoute[] {
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
    const paths = seen.map(({ sight: { path } }) => path);
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
        ...(isDoubtful ? ["Some files are not public, so only the origin sets lifetimes."] : []),
      ],
      fields: isDoubtful ? [] : ['fresh: "30d"', 'browser: "1d"'],
      samples: isDoubtful ? [] : paths,
    };
  });
}

const icon: DraftRoute = {
  name: "icon",
  match: ["/favicon.ico"],
  comments: [],
  fields: ['fresh: { 200: "1d", 302: "1d" }'],
  samples: [],
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
        : ['cookies: { ignore: ["wordpress_test_cookie", "wp_lang"] }']),
    ],
  };
}
