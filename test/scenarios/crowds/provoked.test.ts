// Tests hostile clients whose requests make the origin fail, together with honest clients of the
// same page. Honest clients get the page, and do not wait long for hostile requests.
import { describe, expect, it } from "vitest";
import { pause } from "../../../src/base/timeouts.ts";
import type { RouteChanges } from "../../../testing/examples/requests.ts";
import { openSite, read, type Seen, type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  chunked,
  page,
  type Script,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const isOdd = ({ headers }: Request) => headers.has("x-odd");
const never = () => new Promise<never>(() => undefined);

/** The faulty responses that a client can provoke for itself. */
const faults: readonly { id: string; fail: Script; route?: RouteChanges }[] = [
  { id: "500", fail: () => page("failed", {}, 500) },
  { id: "503", fail: () => page("failed", {}, 503) },
  { id: "500 with a lifetime", fail: () => page("failed", cc("public, max-age=60"), 500) },
  { id: "503 with a lifetime", fail: () => page("failed", cc("public, max-age=60"), 503) },
  { id: "400 with a lifetime", fail: () => page("failed", cc("public, max-age=60"), 400) },
  ...[400, 503].map((status) => ({
    id: `${status} with a lifetime and a duration`,
    fail: () => page("failed", cc("public, max-age=60"), status),
    route: { negative: { [status]: "30s" } } as const,
  })),
  { id: "reset", fail: unreachable },
  { id: "522", fail: () => page("failed", {}, 522) },
  { id: "time-out", fail: never },
  {
    id: "truncated",
    fail: () => new Response(chunked(["ha"], "breaks"), { headers: cc("max-age=9") }),
  },
  { id: "403", fail: () => page("failed", {}, 403) },
  { id: "401", fail: () => page("failed", {}, 401) },
  { id: "404", fail: () => page("failed", cc("no-store"), 404) },
  { id: "302", fail: () => page("failed", { location: "/login" }, 302) },
  { id: "private", fail: () => page("failed", cc("private")) },
  { id: "set-cookie", fail: () => page("failed", cc("max-age=60", { "set-cookie": "a=1" })) },
];

/**
 * Sends, ten times a second, four hostile requests, an honest request and another hostile request.
 */
async function underAttack(site: Site, seconds: number): Promise<Seen[]> {
  const honest: Promise<Seen>[] = [];
  const attack = () => {
    const asking = site.ask("/a", { headers: { "x-odd": "1" } });
    void asking.then(read).catch(() => undefined);
  };
  for (let nth = 0; nth < seconds * 10; nth += 1) {
    for (let before = 0; before < 4; before += 1) attack();
    honest.push(site.ask("/a").then(read));
    attack();
    await pass(site.clock, 0.1);
  }
  await pass(site.clock, 5);
  return Promise.all(honest);
}

const origin =
  (fail: Script, fields: Readonly<Record<string, string>>): Script =>
  async (request, nth) => {
    await pause(250);
    return isOdd(request) ? fail(request, nth) : page("page", fields);
  };

describe.each(faults)("a client that provokes $id", ({ fail, route }) => {
  it.each([
    { id: "page not stored", before: [], fields: cc("max-age=60") },
    { id: "page never stored", before: [], fields: cc("no-store") },
    { id: "page stale", before: [cc("max-age=1, stale-if-error=60")], fields: cc("max-age=1") },
    { id: "page stale, without an allowance", before: [cc("max-age=1")], fields: cc("max-age=1") },
    { id: "page fresh", before: [cc("max-age=600")], fields: cc("max-age=600") },
  ])("causes no failure for other clients: $id", async ({ before, fields }) => {
    const site = openSite({ config: { routes: [{ name: "all", match: "*", ...route }] } });
    for (const stored of before) {
      site.origin.script = () => page("page", stored);
      await site.get("/a");
      site.clock.advance(3);
    }
    site.origin.script = origin(fail, fields);
    const seen = await underAttack(site, 1);
    expect(seen.map(({ status, text }) => `${status} ${text}`)).toEqual(seen.map(() => "200 page"));
  });
});

it("gives honest clients the page even if unsafe hostile requests succeed", async () => {
  const site = openSite({ origin: () => page("page", cc("max-age=60, stale-if-error=600")) });
  await site.get("/a");
  const failing = origin(() => page("failed", {}, 500), cc("max-age=60, stale-if-error=600"));
  site.origin.script = (request, nth) =>
    request.method === "POST" ? page("done") : failing(request, nth);
  const seen: Seen[] = [];
  for (let round = 0; round < 3; round += 1) {
    await site.ask("/a", { method: "POST", headers: { "x-odd": "1" } });
    seen.push(...(await underAttack(site, 1)));
  }
  expect(seen.map(({ status, text }) => `${status} ${text}`)).toEqual(seen.map(() => "200 page"));
});

it("delays honest clients by about two seconds at most, even after slow pages", async () => {
  const site = openSite();
  site.origin.script = async (request) => {
    await pause(isOdd(request) ? 60_000 : request.url.includes("/slow/") ? 8_000 : 50);
    return page("page", cc("max-age=60"));
  };
  for (let nth = 0; nth < 16; nth += 1) void site.ask(`/slow/${nth}`).then(read);
  await pass(site.clock, 9);
  void site.ask("/a", { headers: { "x-odd": "1" } }).then(read);
  await pass(site.clock, 0.1);
  const honest = Array.from({ length: 20 }, () => site.ask("/a").then(read));
  let answered = 0;
  for (const each of honest) void each.then(() => (answered += 1));
  await pass(site.clock, 2.2);
  expect(answered).toBe(20);
});
