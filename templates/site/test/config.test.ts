// Tests the configuration in the Worker, with a function as each origin. `npm run deploy` runs these tests first, so
// that it never uploads an invalid configuration. The requests follow from the routes: change the routes freely.
import { createWorker } from "tidemark/worker";
import { expect, it } from "vitest";
import config from "../tidemark.config.ts";

const page = () => new Response("a page", { headers: { "cache-control": "max-age=60" } });
const names = ["default", ...config.origins.keys()];
const origins = Object.fromEntries(names.map((name) => [name, page]));
const worker = createWorker(config, { origins });

/** Returns Cache-Status after all background work of the response. */
async function cacheStatusOf(url: string, headers: Record<string, string> = {}): Promise<string> {
  const background: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void background.push(work),
    passThroughOnException: () => undefined,
    props: {},
  };
  const response = await worker.fetch(new Request(url, { headers }), {}, context);
  await response.text();
  await Promise.all(background);
  return response.headers.get("cache-status") ?? "";
}

/** Returns a URL that a pattern matches, such as https://www.example.com/account/x for /account/*. */
function urlOf(pattern: string): string {
  const [, host = "", path = ""] = /^([^/]*)(.*)$/.exec(pattern.replace(/^\*$/, "/*")) ?? [];
  const written = path.replaceAll(/\\.|\*|:\w+/g, (one) =>
    one.startsWith("\\") ? one.slice(1) : "x",
  );
  return `https://${host.replace("*", "www") || "www.example.com"}${written}`;
}

const read = config.routes.filter(({ methods }) => methods?.includes("GET") ?? true);
const bypassing = read.filter(({ bypass, when }) => bypass && !when);
const storing = read.filter(({ bypass }) => !bypass);
const careful = storing.filter(({ ignoreCookies }) => !ignoreCookies.includes("*"));
const urlsOf = (routes: typeof read) =>
  routes.flatMap(({ match }) => match.map(({ text }) => urlOf(text)));

it.each(urlsOf(bypassing))("never stores %s, as its route has bypass", async (url) => {
  expect(await cacheStatusOf(url)).toContain("fwd=bypass");
  expect(await cacheStatusOf(url)).toContain("fwd=bypass");
});

// No route names this cookie, so it may be that of a login.
it.each(urlsOf(careful))("never shares %s of a logged-in user", async (url) => {
  expect(await cacheStatusOf(url, { cookie: "tidemark-test-login=1" })).not.toContain("stored");
});

it.skipIf(storing.length === 0)("stores a page", async () => {
  const urls = [...urlsOf(storing), "https://www.example.com/"];
  const statuses = await Promise.all(urls.map((url) => cacheStatusOf(url)));
  expect(statuses.filter((status) => status.includes("stored"))).not.toEqual([]);
});
