// Tests the switch (docs/internals/purge-protocol-special.md, rule 24): which requests go straight to the origin,
// after how many seconds in all colos, and for how long. test/simulation/switch-history.test.ts
// adds losses, trimming and stale views.
import { describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { ask, playTimers, statsOf, TwoColos, write } from "../../../testing/site/two-colos.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { authorization, bypassed, postSwitch, switchState } from "../../../testing/site/switch.ts";

playTimers();

const config: ConfigInput = {
  routes: [
    { name: "articles", match: "/articles/*", fresh: "1h" },
    { name: "lists", match: "/lists/*", fresh: "1h" },
  ],
};
const within = 10;

let served = 0;
const open = () => new TwoColos(config, () => new Response(`version ${(served += 1)}`));

describe("a bypassed request", () => {
  it("goes to the origin without lookup or storing, and is marked in Cache-Status", async () => {
    const { near, upstash } = open();
    const first = await ask(near, "/articles/1");
    expect((await ask(near, "/articles/1")).text).toBe(first.text);
    expect((await postSwitch(near, { bypass: true })).status).toBe(200);
    const commandCount = upstash.commands.length;
    const texts = new Set([first.text]);
    for (const path of ["/articles/1", "/articles/1", "/articles/new"]) {
      const { text, cacheStatus } = await ask(near, path);
      expect(cacheStatus).toBe(bypassed);
      texts.add(text);
    }
    expect(texts.size).toBe(4);
    expect(upstash.commands.slice(commandCount)).toEqual([]);
    expect(await statsOf(near)).toMatchObject({ bypassedBySwitch: 3, journal: { bypass: true } });
    await postSwitch(near, { bypass: false });
    expect(await ask(near, "/articles/1")).toMatchObject({ isHit: true, text: first.text });
    expect((await ask(near, "/articles/new")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("belongs to a route that the switch names", async () => {
    const { near } = open();
    await ask(near, "/lists/1");
    await postSwitch(near, { bypass: ["articles"] });
    expect((await ask(near, "/articles/1")).cacheStatus).toBe(bypassed);
    expect((await ask(near, "/lists/1")).isHit).toBe(true);
    expect((await ask(near, "/elsewhere")).cacheStatus).toContain("fwd=uri-miss");
  });

  it("still invalidates if its method is unsafe, and a purge still takes effect", async () => {
    const { near } = open();
    for (const nth of [1, 2]) await ask(near, `/articles/${nth}`);
    await postSwitch(near, { bypass: true });
    await write(near, "/articles/1");
    const body = JSON.stringify({ urls: ["https://www.example.com/articles/2"] });
    const headers = { authorization };
    expect((await near.ask("/_cache/purge", { method: "POST", headers, body })).status).toBe(200);
    await postSwitch(near, { bypass: false });
    for (const nth of [1, 2]) expect((await ask(near, `/articles/${nth}`)).isHit).toBe(false);
  });
});

describe("a post of the switch, after N seconds", () => {
  it("applies in both colos, in two isolates of one colo, and in a new isolate", async () => {
    const colos = open();
    const { near, far } = colos;
    const second = colos.open("HAM");
    for (const site of [near, far, second]) await ask(site, "/articles/1");
    for (const bypass of [true, false]) {
      const { told } = await postSwitch(bypass ? near : far, { bypass });
      expect(told).toMatchObject({ bypass, visibleWithinSeconds: within });
      await colos.pass(within);
      for (const site of [near, far, second, colos.open("SYD")]) {
        expect((await ask(site, "/articles/1")).cacheStatus === bypassed).toBe(bypass);
      }
    }
  });

  it("applies in a new isolate that reads the colo's copy of the view", async () => {
    const colos = open();
    const { near, clock, upstash } = colos;
    await postSwitch(near, { bypass: true });
    await colos.pass(within);
    await ask(near, "/articles/1");
    const env = { COLO: "HAM", ADMIN_TOKEN: "admin-of-this-site" };
    const neighbour = openSite({ config, clock, upstash, env, cache: near.cache });
    upstash.journalMode = "down";
    expect((await ask(neighbour, "/articles/1")).cacheStatus).toBe(bypassed);
  });
});

describe("the state of the switch", () => {
  it("has a position, a time and the state that this isolate applies", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    expect(await switchState(far)).toEqual({
      bypass: false,
      position: null,
      since: null,
      here: false,
      variable: false,
      visibleWithinSeconds: within,
    });
    const { told } = await postSwitch(near, { bypass: ["lists", "lists"], reason: "wrong lists" });
    const since = new Date(Number(String(told["position"]).split("-")[0])).toISOString();
    const state = { bypass: ["lists"], position: told["position"], since };
    expect(told).toMatchObject(state);
    expect(await switchState(far)).toMatchObject({ ...state, here: false });
    await colos.pass(within);
    await ask(far, "/lists/1");
    expect(await switchState(far)).toMatchObject({ ...state, here: ["lists"] });
    upstash.journalMode = "down";
    const hint = expect.any(String) as string;
    expect(await switchState(far)).toMatchObject({ ...state, here: ["lists"], journal: { hint } });
  });

  it("is posted as a journal entry that covers nothing", async () => {
    const { near } = open();
    await postSwitch(near, { bypass: true, reason: "a wrong template" });
    const answer = await near.ask("/_cache/journal", { headers: { authorization } });
    const { entries } = (await answer.json()) as { entries: object[] };
    const nothing = { tags: [], prefixes: [], everything: false };
    const entry = { bypass: true, reason: "a wrong template", by: "admin", ...nothing };
    expect(entries.at(-1)).toMatchObject(entry);
  });

  it("stays unchanged while an isolate cannot read the journal", async () => {
    const colos = open();
    const { near, far, upstash } = colos;
    await postSwitch(near, { bypass: true });
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
