// Tests that no client can shut an origin off for other clients, or prevent its recovery.
import { expect, it } from "vitest";
import { OriginHealth } from "../../../src/platform/origin-health.ts";
import { readTarget } from "../../../src/routing/target.ts";
import { Uncacheable } from "../../../src/pages/site/remembered-keys.ts";
import { type AskInit, idle, openSite, read } from "../../../testing/site/harness.ts";
import { cc, never, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

it.each([
  {
    id: "reset",
    body: () => new ReadableStream({ pull: (to) => to.error(new TypeError("gone")) }),
  },
  { id: "never-ending", body: () => new ReadableStream() },
])("uploads that a client does not complete do not shut the origin off: $id", async ({ body }) => {
  const site = openSite({
    config: { originTimeout: "1s" },
    origin: async (request) => {
      if (request.method === "POST") await Promise.race([request.text(), never(request)]);
      return page("healthy", cc("max-age=60"));
    },
  });
  const uploads = Array.from({ length: 6 }, (_, nth) => {
    const init = { method: "POST", body: body(), duplex: "half" } as AskInit;
    return site.ask(`/upload/${nth}`, init).then(read);
  });
  await pass(site.clock, 2);
  for (const { status } of await Promise.all(uploads)) expect(status).toBeGreaterThan(501);
  expect((await site.ask("/page").then(read)).text).toBe("healthy");
});

it("requests that a fresh response answers do not prevent the probe", async () => {
  const lasting = cc("max-age=3600");
  const site = openSite({ origin: () => page("fresh", lasting) });
  await site.get("/fresh");
  site.clock.advance(6);
  site.origin.script = unreachable;
  for (let nth = 0; nth < 5; nth += 1) await site.get(`/broken/${nth}`);
  site.origin.script = () => page("back", lasting);
  const statuses: number[] = [];
  for (let second = 0; second < 10; second += 1) {
    site.clock.advance(1);
    statuses.push((await site.get("/fresh", { headers: { cookie: "session=1" } })).status);
  }
  expect(statuses.filter((status) => status === 503)).toEqual([503]);
});

it("a hanging probe does not prevent the next probe", async () => {
  const site = openSite({ origin: unreachable });
  for (let nth = 0; nth < 5; nth += 1) await site.get(`/broken/${nth}`);
  await pass(site.clock, 1.1);
  site.origin.script = never;
  await site.ask("/").then(read);
  await idle();
  site.origin.script = () => page("back");
  const statuses: number[] = [];
  for (let second = 0; second < 8; second += 1) {
    await pass(site.clock, 1);
    statuses.push((await site.ask("/").then(read)).status);
  }
  expect(statuses.filter((status) => status === 503).length).toBeLessThanOrEqual(3);
});

it.each([
  { id: "answers-503", broken: () => page("broken", {}, 503) },
  { id: "cannot-be-reached", broken: unreachable },
])("a broken section does not shut the origin off for other pages: $id", async ({ broken }) => {
  const site = openSite({
    origin: ({ url }) => (url.includes("/broken/") ? broken() : page("ok", cc("no-store"))),
  });
  let refused = 0;
  for (let second = 0; second < 40; second += 1) {
    for (let nth = 0; nth < 6; nth += 1) await site.get(`/broken/${6 * second + nth}`);
    for (let nth = 0; nth < 5; nth += 1) {
      site.clock.advance(0.2);
      refused += (await site.get("/ok")).status === 503 ? 1 : 0;
    }
  }
  expect(refused).toBe(0);
});

it("errors for one client's cookie do not prevent the refresh of a page", async () => {
  const fields = cc("max-age=60, stale-while-revalidate=600");
  const site = openSite({
    origin: ({ headers }, nth) =>
      headers.has("cookie") ? page("oops", {}, 500) : page(`page ${nth}`, fields),
  });
  await site.get("/a");
  site.clock.advance(61);
  const texts = new Set<string>();
  for (let times = 0; times < 10; times += 1) {
    site.clock.advance(0.9);
    await site.get("/a", { headers: { cookie: "evil=1" } });
    texts.add((await site.get("/a")).text);
  }
  expect(texts.size).toBeGreaterThan(1);
});

it("the state of failing and uncacheable pages is bounded in bytes", () => {
  const health = new OriginHealth();
  const uncacheable = new Uncacheable();
  const keyOf = (nth: number) => `/${nth}?${"x".repeat(15_000)}`;
  const target = readTarget("https://www.example.com/");
  for (let nth = 0; nth < 100; nth += 1) {
    const asked = { origin: "default", page: keyOf(nth), target, isAnonymous: true };
    health.answered(asked, { isError: true }, 0);
    uncacheable.forAll.mark(keyOf(nth), 0);
  }
  const all = Array.from({ length: 100 }, (_, nth) => keyOf(nth));
  const stateOf = (key: string) =>
    health.ask({ route: { origin: "default" }, key: { text: key } }, 0).kind;
  const failing = all.filter((key) => stateOf(key) !== "well");
  const marked = all.filter((key) => uncacheable.forAll.has(key, 0));
  // 1 MiB at two bytes a character.
  expect([failing.length, marked.length]).toEqual([34, 34]);
});
