// The switch (rule 24): what it sends straight to the origin, how soon everywhere, and what it outlives.
import type { ConfigInput } from "../../../src/config/schema.ts";
import { describe, expect, it, vi } from "vitest";
import {
  ask,
  pass,
  playTimers,
  statsOf,
  TwoColos,
  write,
} from "../../../testing/site/two-colos.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";

playTimers();

const authorization = "Bearer admin-of-this-site";
const config: ConfigInput = {
  routes: [
    { name: "articles", match: "/articles/*", fresh: "1h" },
    { name: "lists", match: "/lists/*", fresh: "1h" },
  ],
};

let served = 0;
const open = () => new TwoColos(config, () => new Response(`version ${(served += 1)}`));

async function post(site: Site, body: unknown) {
  const answer = await site.ask("/_cache/switch", {
    method: "POST",
    headers: { authorization },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, told: (await answer.json()) as Record<string, unknown> };
}

async function stateOf(site: Site) {
  const answer = await site.ask("/_cache/switch", { headers: { authorization } });
  return { status: answer.status, told: (await answer.json()) as Record<string, unknown> };
}

const bypassed = "tidemark; fwd=bypass; fwd-status=200; detail=switch";
const within = 10;

describe("a bypassed request", () => {
  it("goes straight to the origin, is looked up nowhere and stored nowhere, and says so", async () => {
    const { near, upstash } = open();
    const first = await ask(near, "/articles/1");
    expect((await ask(near, "/articles/1")).text).toBe(first.text);
    expect((await post(near, { bypass: true })).status).toBe(200);
    const commandCount = upstash.commands.length;
    const one = await ask(near, "/articles/1");
    const two = await ask(near, "/articles/1");
    const other = await ask(near, "/articles/new");
    expect([one, two, other].map(({ cacheStatus }) => cacheStatus)).toEqual([
      bypassed,
      bypassed,
      bypassed,
    ]);
    expect(new Set([first.text, one.text, two.text]).size).toBe(3);
    expect(upstash.commands.slice(commandCount)).toEqual([]);
    expect(await statsOf(near)).toMatchObject({ bypassedBySwitch: 3, journal: { bypass: true } });
    await post(near, { bypass: false });
    expect(await ask(near, "/articles/1")).toMatchObject({ isHit: true, text: first.text });
    expect((await ask(near, "/articles/new")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("is one of the routes that were named", async () => {
    const { near } = open();
    await ask(near, "/lists/1");
    await post(near, { bypass: ["articles"] });
    expect((await ask(near, "/articles/1")).cacheStatus).toBe(bypassed);
    expect((await ask(near, "/lists/1")).isHit).toBe(true);
    expect((await ask(near, "/elsewhere")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("of an unsafe method still invalidates, and purges still take effect", async () => {
    const colos = open();
    const { near } = colos;
    await ask(near, "/articles/1");
    const purged = await ask(near, "/articles/2");
    await post(near, { bypass: true });
    await write(near, "/articles/1");
    const purge = await near.ask("/_cache/purge", {
      method: "POST",
      headers: { authorization },
      body: JSON.stringify({ urls: ["https://www.example.com/articles/2"] }),
    });
    expect(purge.status).toBe(200);
    await post(near, { bypass: false });
    expect((await ask(near, "/articles/1")).isHit).toBe(false);
    const again = await ask(near, "/articles/2");
    expect([again.isHit, again.text === purged.text]).toEqual([false, false]);
  });
});

describe("within N", () => {
  it("both colos, two isolates of one, and one that starts cold obey", async () => {
    const colos = open();
    const { near, far } = colos;
    const second = colos.open("HAM");
    for (const site of [near, far, second]) await ask(site, "/articles/1");
    expect((await ask(far, "/articles/1")).isHit).toBe(true);
    expect((await post(near, { bypass: true })).told).toMatchObject({
      bypass: true,
      visibleWithinSeconds: within,
    });
    await colos.pass(within);
    for (const site of [near, far, second, colos.open("SYD")]) {
      expect((await ask(site, "/articles/1")).cacheStatus).toBe(bypassed);
    }
    await post(far, { bypass: false });
    await colos.pass(within);
    for (const site of [near, far, second, colos.open("SYD")]) {
      expect((await ask(site, "/articles/1")).cacheStatus).not.toBe(bypassed);
    }
  });

  it("a cold isolate asks before its first answer, from the colo's copy too", async () => {
    const colos = open();
    const { near, clock, upstash } = colos;
    await post(near, { bypass: true });
    await colos.pass(within);
    await ask(near, "/articles/1");
    const env = { COLO: "HAM", ADMIN_TOKEN: "admin-of-this-site" };
    const neighbour = openSite({ config, clock, upstash, env, cache: near.cache });
    upstash.journalMode = "down";
    expect((await ask(neighbour, "/articles/1")).cacheStatus).toBe(bypassed);
  });
});

describe("the state", () => {
  it("is told, with its position, since when, and what this isolate goes by", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    expect((await stateOf(far)).told).toEqual({
      bypass: false,
      position: null,
      since: null,
      here: false,
      variable: false,
      visibleWithinSeconds: within,
    });
    const posted = await post(near, { bypass: ["lists", "lists"], reason: "wrong lists" });
    const at = new Date(Number(String(posted.told["position"]).split("-")[0])).toISOString();
    const state = { bypass: ["lists"], position: posted.told["position"], since: at };
    expect(posted.told).toMatchObject(state);
    expect((await stateOf(far)).told).toMatchObject({ ...state, here: false });
    await colos.pass(within);
    await ask(far, "/lists/1");
    expect((await stateOf(far)).told).toMatchObject({ ...state, here: ["lists"] });
    upstash.journalMode = "down";
    const away = await stateOf(far);
    expect(away).toMatchObject({ status: 200, told: { ...state, here: ["lists"] } });
    expect(away.told["journal"]).toMatchObject({ hint: expect.any(String) as string });
  });

  it("stands in the journal as an entry that covers nothing", async () => {
    const { near } = open();
    await post(near, { bypass: true, reason: "a wrong template" });
    const answer = await near.ask("/_cache/journal", { headers: { authorization } });
    const { entries } = (await answer.json()) as { entries: object[] };
    expect(entries.at(-1)).toMatchObject({
      bypass: true,
      reason: "a wrong template",
      by: "admin",
      tags: [],
      prefixes: [],
      everything: false,
    });
  });

  it("outlives trimming: isolates that start long after find it in its key", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    await ask(far, "/articles/1");
    await post(near, { bypass: true });
    const [, ...others] = upstash.journal.range(["-", "+"]);
    // What trimming would leave of it: none of the entries so far, and a purge that came since.
    upstash.journal.empty();
    const fields = (others.at(-1)?.[1] ?? []).filter((_, at, all) => {
      const name = all[at - (at % 2)];
      return name !== "switch";
    });
    upstash.journal.add([
      "*",
      ...fields.map((text, at) => (fields[at - 1] === "n" ? "later" : text)),
    ]);
    expect((await ask(colos.open("SYD"), "/articles/1")).cacheStatus).toBe(bypassed);
    await colos.pass(within);
    expect((await ask(far, "/articles/1")).cacheStatus).toBe(bypassed);
  });

  it("goes back to what the key says where the journal has lost the post", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    await ask(near, "/articles/1");
    await ask(far, "/articles/1");
    await post(near, { bypass: true });
    await colos.pass(within);
    expect((await ask(far, "/articles/1")).cacheStatus).toBe(bypassed);
    // A restart without data, after the post was read back.
    upstash.journal.empty();
    upstash.heldSwitch = null;
    await colos.pass(within);
    await ask(far, "/articles/1");
    expect((await ask(far, "/articles/1")).isHit).toBe(true);
    expect((await ask(colos.open("SYD"), "/articles/1")).cacheStatus).not.toBe(bypassed);
  });

  it("is posted again, as the same post, where it was lost before it was read back", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    await ask(near, "/articles/1");
    await ask(far, "/articles/1");
    await post(near, { bypass: false });
    const [before, held] = [upstash.journal.range(["-", "+"]), upstash.heldSwitch];
    await post(near, { bypass: true });
    const lost = upstash.heldSwitch?.split(" ") ?? [];
    upstash.journal.empty();
    for (const [, fields] of before) upstash.journal.add(["*", ...fields]);
    upstash.heldSwitch = held;
    await colos.pass(within);
    const [postId, position] = upstash.heldSwitch?.split(" ") ?? [];
    expect([postId === lost[0], position === lost[1]]).toEqual([true, false]);
    await colos.pass(within);
    expect((await ask(far, "/articles/1")).cacheStatus).toBe(bypassed);
    expect((await ask(near, "/articles/1")).cacheStatus).toBe(bypassed);
  });

  it("is not posted again once somebody has posted another", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    await ask(far, "/articles/1");
    const before = upstash.journal.range(["-", "+"]);
    await post(near, { bypass: true });
    upstash.journal.empty();
    for (const [, fields] of before) upstash.journal.add(["*", ...fields]);
    upstash.heldSwitch = null;
    await post(far, { bypass: ["lists"] });
    await colos.pass(2 * within);
    expect((await stateOf(near)).told).toMatchObject({ bypass: ["lists"], here: ["lists"] });
    expect((await ask(near, "/articles/1")).cacheStatus).not.toBe(bypassed);
  });

  it("stays the last known where an isolate is cut off", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    await post(near, { bypass: true });
    await colos.pass(within);
    await ask(far, "/articles/1");
    upstash.journalMode = "down";
    await colos.pass(6 * within);
    for (let turn = 0; turn < 5; turn += 1) {
      const asked = ask(far, "/articles/1");
      await vi.advanceTimersByTimeAsync(3_000);
      expect((await asked).cacheStatus).toBe(bypassed);
    }
    expect((await ask(near, "/articles/1")).cacheStatus).toBe(bypassed);
  });
});

describe("a post is refused", () => {
  it("409 where another came between, and changes nothing", async () => {
    const { near, upstash } = open();
    upstash.beforePost = () => void (upstash.heldSwitch ??= 'other 1-0 n ["lists"]');
    const { status, told } = await post(near, { bypass: true });
    expect([status, told]).toMatchObject([409, { error: { code: "overtaken" } }]);
    expect(upstash.heldSwitch).toContain("lists");
    expect((await ask(near, "/articles/1")).cacheStatus).not.toBe(bypassed);
  });

  it("503 with cause and remedy where the journal refuses", async () => {
    const { near, upstash } = open();
    upstash.journalMode = "down";
    const { status, told } = await post(near, { bypass: true });
    expect(status).toBe(503);
    expect(told["error"]).toMatchObject({
      code: "unavailable",
      why: expect.stringMatching(/./) as string,
      hint: expect.stringContaining("BYPASS") as string,
    });
    expect((await ask(near, "/articles/1")).cacheStatus).not.toBe(bypassed);
  });

  it("503 where no journal is configured", async () => {
    const site = openSite({ config, env: { ADMIN_TOKEN: "admin-of-this-site" } });
    const { status, told } = await post(site, { bypass: true });
    expect([status, told]).toMatchObject([503, { error: { why: "No journal is configured." } }]);
    expect((await stateOf(site)).told).toMatchObject({
      bypass: false,
      variable: false,
      journal: "No journal is configured.",
    });
  });

  it.each([
    { body: "no JSON", why: /not JSON/ },
    { body: {}, why: /bypass must be/ },
    { body: { bypass: "all" }, why: /bypass must be/ },
    { body: { bypass: [] }, why: /bypass must be/ },
    { body: { bypass: true, routes: [] }, why: /body must be an object/ },
    { body: { bypass: true, reason: "x".repeat(201) }, why: /reason must be/ },
    { body: { bypass: ["lists", "prices"] }, why: /no route named "prices"/ },
  ])("400 for $body", async ({ body, why }) => {
    const { near } = open();
    const { status, told } = await post(near, body);
    expect(status).toBe(400);
    expect((told["error"] as { why: string }).why).toMatch(why);
  });

  it("with the names of the routes there are", async () => {
    const { near } = open();
    const { told } = await post(near, { bypass: ["prices"] });
    expect((told["error"] as { hint: string }).hint).toContain('"articles", "lists"');
  });

  it("401 without the admin token", async () => {
    const { near } = open();
    const answer = await near.ask("/_cache/switch", { method: "POST", body: '{"bypass":true}' });
    expect([answer.status, (await near.ask("/_cache/switch")).status]).toEqual([401, 401]);
  });
});

describe("the variable BYPASS", () => {
  const openWith = (BYPASS: string) =>
    openSite({ config, env: { BYPASS, ADMIN_TOKEN: "admin-of-this-site" } });

  it.each([
    { value: "all", paths: ["/articles/1", "/lists/1", "/elsewhere"] },
    { value: " articles  lists ", paths: ["/articles/1", "/lists/1"] },
    { value: "lists", paths: ["/lists/1"] },
  ])("$value bypasses $paths without a database", async ({ value, paths }) => {
    const site = openWith(value);
    const found: string[] = [];
    for (const path of ["/articles/1", "/lists/1", "/elsewhere"]) {
      if ((await site.get(path)).cacheStatus === bypassed) found.push(path);
    }
    expect(found).toEqual(paths);
    expect((await stateOf(site)).told["variable"]).toEqual(
      value === "all" ? true : value.trim().split(/\s+/),
    );
  });

  it("that names no route is a fault, and bypasses nothing", async () => {
    const site = openWith("articles prices");
    expect((await site.get("/articles/1")).cacheStatus).not.toBe(bypassed);
    expect(site.log.join("\n")).toMatch(/BYPASS has no effect.*"prices".*"articles", "lists"/);
    const stats = await site.get("/_cache/stats", { headers: { authorization } });
    expect(stats.text).toContain("BYPASS has no effect");
  });

  it("holds beside what was posted", async () => {
    const colos = open();
    const { clock, upstash } = colos;
    const env = { COLO: "HAM", ADMIN_TOKEN: "admin-of-this-site", BYPASS: "lists" };
    const site = openSite({ config, clock, upstash, env });
    await post(site, { bypass: ["articles"] });
    expect((await ask(site, "/articles/1")).cacheStatus).toBe(bypassed);
    expect((await ask(site, "/lists/1")).cacheStatus).toBe(bypassed);
    await pass(clock, 1);
  });
});
