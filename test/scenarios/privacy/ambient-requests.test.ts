// Sends random requests of several users, each in the user's AsyncLocalStorage, to a site with most
// features. A handler sees a user only for this user's own request that bypasses the cache.
// Needs parts: esi, fallback, global-collapse, hot-keys, query, slices.
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { fallback } from "../../../src/parts/fallback/fallback.ts";
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { esi } from "../../../src/parts/esi/esi.ts";
import type { OriginHandler } from "../../../src/platform/origins.ts";
import { query } from "../../../src/parts/query/query.ts";
import { slices } from "../../../src/parts/slices/slices.ts";
import { Draws } from "../../../testing/draws.ts";
import { shareOf } from "../../../testing/histories.ts";
import { cc } from "../../../testing/fakes/origin-in-process.ts";
import { type AskInit, idle, read } from "../../../testing/site/harness.ts";
import { openWarmSite, warmed } from "../../../testing/site/warm-site.ts";

const config: ConfigInput = {
  parts: [hotKeys(10)],
  origins: { broken: { url: "https://broken.invalid" } },
  limits: { bufferBytes: 100_000 },
  routes: [
    { name: "me", match: "/me/*", bypass: true },
    { name: "preview", match: "*", when: { cookie: ["preview"] }, bypass: true },
    { name: "esi", match: "/esi/*", use: [esi("html")] },
    { name: "ios", match: "/when/*", when: { header: { "x-app": ["ios"] } }, fresh: "1m" },
    { name: "slices", match: "/slices/*", use: [slices({ sliceBytes: 65_536 })] },
    { name: "query", match: "/query/*", use: [query("json")] },
    { name: "global", match: "/global/*", use: [globalCollapse()] },
    { name: "falls", match: "/falls/*", origin: "broken", use: [fallback("default")] },
    { name: "all", match: "*" },
  ],
};

const users = new AsyncLocalStorage<string>();
const names = ["ada", "bob", "eve"];
const folders = "me esi when slices query global falls all".split(" ");

interface Call {
  readonly path: string;
  /** The users that the handler and its body saw. */
  readonly seen: Set<string>;
  readonly hasCaller: boolean;
}

function handlerOf(draws: Draws, calls: Call[]): OriginHandler {
  return (request, _, caller) => {
    const { pathname } = new URL(request.url);
    const seen = new Set<string>();
    const note = () => void seen.add(users.getStore() ?? "nobody");
    calls.push({ path: pathname, seen, hasCaller: caller !== undefined });
    note();
    // Node 22 keeps this user for what runs in the same resource.
    users.enterWith(users.getStore() ?? "nobody");
    if (draws.isLucky(0.1)) throw new TypeError("The database is down.");
    const bytes = new Uint8Array(pathname.startsWith("/slices") ? 150_000 : 500).fill(120);
    const body = pathname.startsWith("/esi")
      ? new TextEncoder().encode(
          '<esi:include src="/me/a" onerror="continue"/><esi:include src="/part"/>',
        )
      : bytes;
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "");
    const [first, last] = range
      ? [Number(range[1]), Math.min(Number(range[2] || Infinity), body.length - 1)]
      : [0, body.length - 1];
    const isPart = range !== null && first < body.length;
    const headers = new Headers({
      ...cc(pathname === "/part" ? "max-age=60" : draws.oneOf(lifetimes)),
      etag: '"1"',
      "content-type": "text/html",
      "content-length": String(isPart ? last - first + 1 : body.length),
    });
    if (request.headers.get("if-none-match") === '"1"') {
      headers.delete("content-length");
      return new Response(null, { status: 304, headers });
    }
    if (isPart) headers.set("content-range", `bytes ${first}-${last}/${body.length}`);
    let at = isPart ? first : 0;
    const end = isPart ? last + 1 : body.length;
    const written = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          note();
          controller.enqueue(body.slice(at, Math.min(end, at + 40_000)));
          at += 40_000;
          if (at >= end) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(written, { status: isPart ? 206 : 200, headers });
  };
}

const lifetimes = [
  "public, max-age=10, stale-while-revalidate=600, stale-if-error=600",
  "max-age=60",
  "max-age=0",
  "private",
  "public, s-maxage=5",
];

function requestOf(draws: Draws): { readonly path: string; readonly init: AskInit } {
  const folder = draws.oneOf(folders);
  const search = draws.oneOf(["", "", "?a=1"]);
  const path = `/${folder}/${Math.floor(draws.between(0, 3))}${search}`;
  const drawn: Record<string, string> = {
    cookie: draws.oneOf(["session=1", "preview=1", "_ga=1"]),
    authorization: "Bearer a",
    "x-api-key": "k",
    "x-app": draws.oneOf(["ios", "tv"]),
    range: draws.oneOf(["bytes=0-1", "bytes=70000-70001", "bytes=5-"]),
    "if-none-match": '"1"',
    "cache-control": "no-cache",
  };
  const headers = Object.fromEntries(Object.entries(drawn).filter(() => draws.isLucky(0.15)));
  const isQuery = folder === "query" && draws.isLucky(0.6);
  const method = isQuery ? "QUERY" : draws.oneOf(["GET", "GET", "GET", "GET", "HEAD", "POST"]);
  if (method === "GET" || method === "HEAD") return { path, init: { method, headers } };
  const body = '{"a": 1}';
  const ofContent = { "content-type": "application/json", "content-length": String(body.length) };
  return { path, init: { method, body, headers: { ...headers, ...ofContent } } };
}

describe.each(Array.from({ length: shareOf(12) }, (_, seed) => seed + 1))("seed %i", (seed) => {
  it("shows a handler no other user", async () => {
    const draws = new Draws(seed);
    const calls: Call[] = [];
    const handler = handlerOf(draws, calls);
    const broken: OriginHandler = (...given) =>
      draws.isLucky(0.5) ? new Response("down", { status: 503 }) : handler(...given);
    const { near, far, clock } = users.run("ada", () =>
      openWarmSite({
        config,
        handlers: { default: handler, broken },
        random: draws.oneOf([0, 0.5]),
      }),
    );
    /** The users who may be seen at a path. */
    const allowed = new Map<string, Set<string>>();
    for (let nth = 0; nth < 150; nth += 1) {
      const asked = draws.shuffled(names).slice(0, draws.oneOf([1, 1, 2, 3]));
      const one = requestOf(draws);
      const requests = asked.map(async (user) => {
        const { path, init } = draws.isLucky(0.5) ? one : requestOf(draws);
        const site = draws.oneOf([near, far]);
        const answer = users.run(user, () => site.ask(path, init));
        const { cacheStatus } = await users
          .run(user, async () => read(await answer))
          .catch(() => ({ cacheStatus: "" }));
        // A client's own answer, which no other client gets, is read in the client's context.
        const isOwn = /^$|fwd=/.test(cacheStatus) && !/stored|collapsed/.test(cacheStatus);
        const isPersonal = /authorization|api-key|session|preview/.test(JSON.stringify(init));
        const own = [isOwn && path.replace(/\?.*/, ""), isPersonal && "/part", "/me/a"];
        for (const at of own.filter((name) => name !== false)) {
          allowed.set(at, (allowed.get(at) ?? new Set()).add(user));
        }
      });
      await Promise.all(requests);
      if (draws.isLucky(0.1)) await users.run("bob", () => near.fireCron());
      if (draws.isLucky(0.05)) await users.run("eve", () => warmed(near, "/all/1", "/slices/1"));
      if (draws.isLucky(0.2)) await Promise.all([near, far].map((site) => site.settle()));
      await idle();
      const wrong = calls.splice(0).filter(({ path, seen, hasCaller }) => {
        const mayBe = allowed.get(path);
        const others = [...seen].filter((user) => user !== "nobody" && mayBe?.has(user) !== true);
        return others.length > 0 || (hasCaller && mayBe === undefined);
      });
      expect(wrong, `request ${nth}`).toEqual([]);
      allowed.clear();
      clock.advance(draws.between(0, 15));
    }
  });
});
