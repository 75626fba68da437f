// Tests responses for one client on workerd. No tier stores such a response, and no other client
// gets it, in the same colo or in another.
import { describe, expect, it } from "vitest";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { statsOf, storesSettled, tierCommands } from "../../testing/worker/world.ts";
import { beginJournal, worldOfFile } from "../../testing/worker/world-of-file.ts";

const waiting: (() => void)[] = [];
let isHeld = false;

const fieldsByPath: Readonly<Record<string, Record<string, string | string[]>>> = {
  "/private": { "cache-control": "private, max-age=600" },
  "/set-cookie": { "cache-control": "public, max-age=600", "set-cookie": ["a=1", "b=2; Path=/"] },
  "/no-cache-set-cookie": {
    "cache-control": 'no-cache="set-cookie", public, max-age=600',
    "set-cookie": "a=1",
  },
  "/private-set-cookie": {
    "cache-control": "max-age=600, private=Set-Cookie",
    "set-cookie": "a=1",
  },
  "/harmless": { "cache-control": "max-age=600", "set-cookie": ["__cf_bm=1; HttpOnly", "_ga=2"] },
  "/implicit": { "cache-control": "max-age=600" },
  "/public": { "cache-control": "public, max-age=600" },
};

/** Each body names its client, so that the tests detect a response for another client. */
const world = await worldOfFile(
  (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const { authorization, cookie, "x-api-key": key } = request.headers;
    const answer = () => {
      response.writeHead(200, fieldsByPath[path] ?? {});
      response.end(`for ${authorization ?? cookie ?? key?.toString() ?? "anybody"}`);
    };
    if (isHeld) waiting.push(answer);
    else answer();
  },
  { colos: 2 },
);
await beginJournal(world);
const { origin, url, colo: near } = world;
const far = world.colos[1]!;

const session = (name: string) => ({ headers: { cookie: `session=${name}` } });
const bearer = (name: string) => ({ headers: { authorization: `Bearer ${name}` } });
const keyed = (name: string) => ({ headers: { "x-api-key": name } });

describe("a response for one client", () => {
  it.each([
    ["Cache-Control: private", "/private", {}],
    ["Set-Cookie", "/set-cookie", {}],
    ["Set-Cookie, named by no-cache", "/no-cache-set-cookie", {}],
    ["Set-Cookie, named by private", "/private-set-cookie", {}],
    ["a request with Authorization", "/public?authorization", bearer("ada")],
    ["a request with a session cookie", "/implicit?session", session("ada")],
    ["a request with a credential field", "/implicit?key", keyed("ada")],
  ])("is stored in no tier: %s", async (_id, path, sent) => {
    world.rest.resetCounts();
    const recordsBefore = (await statsOf(near)).memory.records;
    for (const colo of [near, near, far]) {
      const answer = await rawRequest(colo.url, path, sent);
      expect(cacheStatusOf(answer)).not.toMatch(/stored|hit/);
    }
    await storesSettled(near);
    expect(origin.count(path)).toBe(3);
    expect((await statsOf(near)).memory.records).toBe(recordsBefore);
    expect(tierCommands(world)["SET"] ?? 0).toBe(0);
  });

  it("keeps one Set-Cookie field line for each cookie", async () => {
    const answer = await rawRequest(url, "/set-cookie");
    expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2; Path=/"]);
  });
});

describe("a response for all clients", () => {
  it("loses its harmless cookies if it is stored", async () => {
    const filled = await rawRequest(url, "/harmless");
    await storesSettled(near);
    const found = await rawRequest(far.url, "/harmless");
    expect(cacheStatusOf(filled)).toMatch(/stored/);
    expect(cacheStatusOf(found)).toMatch(/hit.*detail=shared/);
    expect([filled.headers["set-cookie"], found.headers["set-cookie"]]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each([
    ["a session", "/implicit?shared", session("bao"), "for session=bao", "fwd=request"],
    ["a credential field", "/implicit?shared", keyed("bao"), "for bao", "fwd=request"],
    ["Authorization", "/public?shared", bearer("bao"), "for Bearer bao", "fwd=bypass"],
    ["a session that the origin grants", "/public?shared", session("bao"), "for anybody", "; hit"],
    ["a field that the origin grants", "/public?shared", keyed("bao"), "for anybody", "; hit"],
  ])(
    "answers a personal request only if it is public and the request has no Authorization: %s",
    async (_id, path, sent, text, status) => {
      await rawRequest(url, path);
      const answer = await rawRequest(url, path, sent);
      expect([answer.body.toString(), cacheStatusOf(answer)]).toEqual([
        text,
        expect.stringContaining(status),
      ]);
      expect((await rawRequest(url, path)).body.toString()).toBe("for anybody");
    },
  );
});

describe("concurrent clients", () => {
  it.each([
    ["private, sessions", "/private?at-once", session],
    ["no directive, sessions", "/implicit?at-once", session],
    ["public, credentials", "/public?at-once", bearer],
    ["no directive, credential fields", "/implicit?keys", keyed],
  ])("get their own responses: %s", async (_id, path, sent) => {
    isHeld = true;
    const names = ["ada", "bao", "chiara", "dov"];
    const answers = names.map((name) => rawRequest(url, path, sent(name)));
    await releaseAll(names.length, path);
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      expect(answer.body.toString()).toContain(names[index]);
      expect(cacheStatusOf(answer)).not.toMatch(/collapsed|hit|stored/);
    }
  });

  it("get separate responses if the response that they waited for is private", async () => {
    isHeld = true;
    const answers = Array.from({ length: 5 }, () => rawRequest(url, "/private?anybody"));
    await releaseAll(5, "/private?anybody");
    const statuses = (await Promise.all(answers)).map(cacheStatusOf);
    expect(statuses.filter((status) => /collapsed/.test(status))).toEqual([]);
    // The sixth request is Tidemark's own anonymous request.
    expect(origin.count("/private?anybody")).toBe(5 + 1);
  });
});

/** Answers held requests until the origin has received `requests` requests, then stops holding. */
async function releaseAll(requests: number, path: string): Promise<void> {
  while (origin.count(path) < requests) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const answer of waiting.splice(0)) answer();
  }
  isHeld = false;
  for (const answer of waiting.splice(0)) answer();
}
