// Routes for files: what pages are made of, and lists such as feeds.
import { isFingerprinted, segmentsOf } from "../origin/page-kind.ts";
import { contentFields, type Judged } from "./content-route.ts";
import { type DraftRoute, fewest, groupedBy, patternOfPath, slugOf } from "./draft.ts";

export function assetRoutes(assets: readonly Judged[], content: readonly Judged[]): DraftRoute[] {
  const good = assets.filter(({ judgement: { kind } }) => kind !== "other" && kind !== "private");
  const folderOf = ({ sight: { path } }: Judged) => {
    const segments = segmentsOf(path);
    const folders = segments
      .slice(0, -1)
      .map((_, at) => `/${segments.slice(0, at + 1).join("/")}/`);
    const isFree = (folder: string) => content.every((page) => !page.sight.path.startsWith(folder));
    const folder = folders.find(isFree);
    return folder === undefined ? patternOfPath(path) : `${folder}*`;
  };
  return [...groupedBy(good, folderOf)].map(([pattern, members]) => {
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
      ? "Files whose address changes with their content."
      : "Files that keep their address when they change: purge them by URL then.";
    return {
      name: `files-${slugOf(pattern)}`,
      match: [pattern],
      ...made,
      comments: [about, ...made.comments],
    };
  });
}

export function listsRoute(files: readonly Judged[]): DraftRoute[] {
  const good = files.filter(({ judgement: { kind } }) =>
    ["open", "origin", "validated"].includes(kind),
  );
  if (good.length === 0) return [];
  const match = fewest(good.map(({ sight: { path } }) => patternOfPath(path)));
  return [{ name: "lists", match, ...contentFields(good, { fresh: "10m", staleIfError: "1d" }) }];
}
