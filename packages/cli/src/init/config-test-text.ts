// Generates test/config.test.ts, which checks the generated configuration.
import { type DraftRoute, isBypass } from "./draft.ts";
import { templateText } from "./site-template.ts";

const eachMax = 6;

export function configTestText(routes: readonly DraftRoute[]): string {
  const stored = routes.flatMap(({ samples }) => samples).slice(0, eachMax);
  const passing = routes
    .filter(isBypass)
    .flatMap(({ match }) => match)
    .filter((pattern) => pattern.startsWith("/"))
    .map((pattern) => pattern.replace(/\*$/, "x"))
    .slice(0, eachMax);
  // Keep the template's first part, which sends requests to the Worker. The tests of paths are generated for
  // this site.
  const [head = ""] = templateText("test/config.test.ts").split("\nit.each", 1);
  return [head, ...storing(stored), ...bypassing(passing), alone].join("\n");
}

function storing(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return [
    `it.each(${listOf(paths)})("stores %s", async (path) => {
  expect(await cacheStatusOf(path)).toContain("stored");
  expect(await cacheStatusOf(path)).toContain("hit");
});
`,
  ];
}

function bypassing(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  return [
    `it.each(${listOf(paths)})("never stores %s", async (path) => {
  expect(await cacheStatusOf(path)).toContain("fwd=bypass");
  expect(await cacheStatusOf(path)).toContain("fwd=bypass");
});
`,
  ];
}

function listOf(paths: readonly string[]): string {
  return `[${paths.map((path) => JSON.stringify(path)).join(", ")}]`;
}

const alone = `it("never shares the page of a logged-in user", async () => {
  const headers = { cookie: "session=1" };
  expect(await cacheStatusOf("/", headers)).not.toContain("stored");
});
`;
