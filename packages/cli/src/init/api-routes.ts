// Drafts routes for APIs.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { apiPattern, literalPattern, segmentsOf } from "../origin/page-kind.ts";
import { contentFields, type JudgedPage, reasons } from "./content-route.ts";
import { type DraftRoute, fewest, groupedBy, slugOf } from "./draft.ts";

/**
 * Drafts the routes. If the origin's fields let caches store a response of an API, the route of the
 * API sets no lifetime. All other APIs bypass the cache.
 */
export function apiRoutes(sight: OriginSight, pages: readonly JudgedPage[]) {
  const inside = pages.filter(({ sight: { path } }) => path !== "/");
  const groups = groupedBy(inside, ({ sight: { path } }) => apiGroupOf(path));
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
    samples: [],
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
    samples: [],
  };
  return { routes: [...left, passing], alone };
}

function apiGroupOf(path: string): string {
  const segments = segmentsOf(path);
  const top = literalPattern(`/${segments[0] ?? ""}`);
  return apiPattern(path) ?? (segments.length > 1 ? `${top}/*` : literalPattern(path));
}
