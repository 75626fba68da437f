// Drafts routes for assets, and for lists such as feeds.
import { isFingerprinted, literalPattern, segmentsOf } from "../origin/page-kind.ts";
import { contentFields, type JudgedPage } from "./content-route.ts";
import { type DraftRoute, fewest, groupedBy, slugOf } from "./draft.ts";

/** Folders whose names indicate that they contain only files. */
const fileFolder =
  /^(?:assets|static|_next|_nuxt|_astro|build|dist|css|styles|js|scripts|img|images|media|fonts|bundles|themes|uploads)$/i;

export function assetRoutes(
  assets: readonly JudgedPage[],
  content: readonly JudgedPage[],
): DraftRoute[] {
  const good = assets.filter(({ judgement: { kind } }) => kind !== "other" && kind !== "private");
  const patternOf = ({ sight: { path } }: JudgedPage) => patternOfFolder(path, content);
  return [...groupedBy(good, patternOf)].map(([pattern, members]) => assetRoute(pattern, members));
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
  const good = files.filter(({ judgement: { kind } }) =>
    ["open", "origin", "validated"].includes(kind),
  );
  if (good.length === 0) return [];
  const match = fewest(good.map(({ sight: { path } }) => literalPattern(path)));
  return [{ name: "lists", match, ...contentFields(good, { fresh: "10m", staleIfError: "1d" }) }];
}
