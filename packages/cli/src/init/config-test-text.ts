// The text of test/config.test.ts: it holds the written configuration to what it is meant to do.
import { type DraftRoute, isBypass } from "./draft.ts";

const eachMax = 6;

export function configTestText(routes: readonly DraftRoute[]): string {
  const stored = routes.flatMap(({ samples }) => samples).slice(0, eachMax);
  const passing = routes
    .filter(isBypass)
    .flatMap(({ match }) => match)
    .filter((pattern) => pattern.startsWith("/"))
    .map((pattern) => pattern.replace(/\*$/, "x"))
    .slice(0, eachMax);
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

const head = `// The configuration as the Worker uses it, before an origin that is a function. \`npm run deploy\` runs this
// first: a configuration that is refused is not uploaded.
import { createWorker } from "tidemark/worker";
import { expect, it } from "vitest";
import config from "../tidemark.config.ts";

const worker = createWorker(config, { origins: { default: () => new Response("a page") } });

/** @returns what Cache-Status says, once all that goes on behind the answer is over */
async function cacheStatusOf(path: string, headers: Record<string, string> = {}): Promise<string> {
  const behind: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void behind.push(work),
    passThroughOnException: () => undefined,
    props: {},
  };
  const request = new Request(\`https://www.example.com\${path}\`, { headers });
  const response = await worker.fetch(request, {}, context);
  await response.text();
  await Promise.all(behind);
  return response.headers.get("cache-status") ?? "";
}
`;

const alone = `it("never shares the page of somebody who is logged in", async () => {
  const headers = { cookie: "session=1" };
  expect(await cacheStatusOf("/", headers)).not.toContain("stored");
});
`;
