// What is for one reader alone is never stored, on any tier, and never reaches another, also when
// both ask at once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import {
  statsOf,
  startWorld,
  storesSettled,
  tierCommands,
  type World,
} from "../../testing/worker/world.ts";

let origin: ScriptedOrigin;
let world: World;
const waiting: (() => void)[] = [];
let isHeld = false;

const fieldsByPath: Readonly<Record<string, Record<string, string | string[]>>> = {
  "/private": { "cache-control": "private, max-age=600" },
  "/no-store": { "cache-control": "no-store, max-age=600" },
  "/set-cookie": { "cache-control": "public, max-age=600", "set-cookie": ["a=1", "b=2; Path=/"] },
  "/harmless": { "cache-control": "max-age=600", "set-cookie": ["__cf_bm=1; HttpOnly", "_ga=2"] },
  "/implicit": { "cache-control": "max-age=600" },
  "/public": { "cache-control": "public, max-age=600" },
  "/vary-any": { "cache-control": "max-age=600", vary: "*" },
};

/** Every body names whom it was made for, so that a mix-up shows. */
beforeAll(async () => {
  origin = await startScriptedOrigin((request, response) => {
    const path = (request.url ?? "").split("?", 1)[0] ?? "";
    const { authorization, cookie } = request.headers;
    const answer = () => {
      response.writeHead(200, fieldsByPath[path] ?? {});
      response.end(`for ${authorization ?? cookie ?? "anybody"}`);
    };
    if (isHeld) waiting.push(answer);
    else answer();
  });
  world = await startWorld({ originUrl: origin.url, colos: 2 });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

const session = (name: string) => ({ headers: { cookie: `session=${name}` } });
const bearer = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });

const neverStored = [
  { id: "private", path: "/private", sent: {} },
  { id: "no-store", path: "/no-store", sent: {} },
  { id: "set-cookie", path: "/set-cookie", sent: {} },
  { id: "vary-any", path: "/vary-any", sent: {} },
  { id: "authorization", path: "/implicit?authorization", sent: bearer("ada") },
  { id: "authorization-public", path: "/public?authorization", sent: bearer("ada") },
  { id: "session-without-grant", path: "/implicit?session", sent: session("ada") },
];

describe("never stored on any tier", () => {
  it.each(neverStored)("$id", async ({ path, sent }) => {
    const [first, second] = [world.colos[0]!, world.colos[1]!];
    world.rest.resetCounts();
    const recordsBefore = (await statsOf(first)).memory.records;
    for (const colo of [first, first, second]) {
      const answer = await rawRequest(colo.url, path, sent);
      expect(cacheStatusOf(answer)).not.toMatch(/stored|hit/);
    }
    await storesSettled(first);
    expect(origin.count(path)).toBe(3);
    expect((await statsOf(first)).memory.records).toBe(recordsBefore);
    expect(tierCommands(world)["SET"] ?? 0).toBe(0);
  });

  it("passes several cookies on, one line each", async () => {
    const answer = await rawRequest(world.colos[0]!.url, "/set-cookie");
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2; Path=/"]);
  });
});

describe("what is stored for anybody", () => {
  it("is a page that sets harmless cookies alone, and it is without them", async () => {
    const [first, second] = [world.colos[0]!, world.colos[1]!];
    const filled = await rawRequest(first.url, "/harmless");
    await storesSettled(first);
    const found = await rawRequest(second.url, "/harmless");
    expect(cacheStatusOf(filled)).toMatch(/stored/);
    expect(cacheStatusOf(found)).toMatch(/hit.*detail=shared/);
    expect([filled.headers["set-cookie"], found.headers["set-cookie"]]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("does not answer a session unless the origin shared it explicitly", async () => {
    const { url } = world.colos[0]!;
    await rawRequest(url, "/implicit?shared");
    expect(cacheStatusOf(await rawRequest(url, "/implicit?shared"))).toMatch(/hit/);
    const answer = await rawRequest(url, "/implicit?shared", session("bao"));
    expect(answer.body.toString()).toBe("for session=bao");
    expect(cacheStatusOf(answer)).toMatch(/fwd=request/);
    const again = await rawRequest(url, "/implicit?shared");
    expect(again.body.toString()).toBe("for anybody");
  });

  it("answers a session where the origin said public", async () => {
    const { url } = world.colos[0]!;
    await rawRequest(url, "/public?shared");
    const answer = await rawRequest(url, "/public?shared", session("bao"));
    expect(cacheStatusOf(answer)).toMatch(/hit/);
    expect(answer.body.toString()).toBe("for anybody");
  });

  it("does not answer a request with credentials", async () => {
    const { url } = world.colos[0]!;
    await rawRequest(url, "/public?credentials");
    const answer = await rawRequest(url, "/public?credentials", bearer("chiara"));
    expect(answer.body.toString()).toBe("for Bearer chiara");
    expect(cacheStatusOf(answer)).toMatch(/fwd=bypass/);
  });
});

describe("two readers at once", () => {
  const rows = [
    { id: "private, sessions", path: "/private?at-once", sent: session },
    { id: "no directive, sessions", path: "/implicit?at-once", sent: session },
    { id: "set-cookie, sessions", path: "/set-cookie?at-once", sent: session },
    { id: "public, credentials", path: "/public?at-once", sent: bearer },
  ];

  it.each(rows)("get their own pages: $id", async ({ path, sent }) => {
    const { url } = world.colos[0]!;
    isHeld = true;
    const names = ["ada", "bao", "chiara", "dov"];
    const answers = names.map((name) => rawRequest(url, path, sent(name)));
    await releaseAll(names.length, path);
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      expect(answer.body.toString()).toContain(names[index]);
      expect(cacheStatusOf(answer)).not.toMatch(/collapsed|hit|stored/);
    }
  });

  it("go on at once when the page they waited for proves private", async () => {
    const { url } = world.colos[0]!;
    isHeld = true;
    const answers = Array.from({ length: 5 }, () => rawRequest(url, "/private?anybody"));
    await releaseAll(5, "/private?anybody");
    const statuses = (await Promise.all(answers)).map(cacheStatusOf);
    expect(statuses.filter((status) => /collapsed/.test(status))).toEqual([]);
    // One more is anonymous.
    expect(origin.count("/private?anybody")).toBe(5 + 1);
  });
});

/** Answers what is held, and whatever follows, until that many requests have come. */
async function releaseAll(requests: number, path: string): Promise<void> {
  while (origin.count(path) < requests) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const answer of waiting.splice(0)) answer();
  }
  isHeld = false;
  for (const answer of waiting.splice(0)) answer();
}
