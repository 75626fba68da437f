// Tests the switch, which sends requests straight to the origin, with an unreadable key or after a
// fail-over that lost a post (docs/internals/purge-protocol-special.md, rule 24).
import { describe, expect, it, vi } from "vitest";
import type { Finding } from "../../../src/protocol/finding.ts";
import { idle, type Site } from "../../../testing/site/harness.ts";
import { authorization, bypassed, postSwitch, switchState } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const routes = [{ name: "lists", match: "/lists/*", fresh: "1h" }];
async function findingsOf(site: Site): Promise<readonly Finding[]> {
  const answer = await site.ask("/_cache/health", { headers: { authorization } });
  return ((await answer.json()) as { findings: Finding[] }).findings;
}

const open = () => new TwoColos({ routes }, () => new Response("page"));

it("an unreadable key of the switch bypasses everything, and is reported until the next post", async () => {
  const { near, upstash } = open();
  upstash.heldSwitch = "p1 garbage";
  expect(await switchState(near)).toMatchObject({
    bypass: true,
    here: true,
    position: null,
    key: "The journal's store has no readable state of the switch. The next post replaces it.",
  });
  expect((await ask(near, "/lists/1")).cacheStatus).toBe(bypassed);
  const finding = (await findingsOf(near)).find(({ code }) => code === "switch-thrown");
  expect(finding).toMatchObject({ since: null, case: "switch-unread" });
  expect((await postSwitch(near, { bypass: false })).status).toBe(200);
  const state = await switchState(near);
  expect(state).toMatchObject({ bypass: false, here: false });
  expect(state).not.toHaveProperty("key");
  expect((await ask(near, "/lists/1")).cacheStatus).not.toBe(bypassed);
});

it.each([
  { id: "no position", held: "p1 here n1 true" },
  { id: "a position outside the range of dates", held: "p1 99999999999999999-0 n1 true" },
])("the state and health stay readable if the switch's key has $id", async ({ held }) => {
  const { near, upstash } = open();
  upstash.heldSwitch = held;
  await ask(near, "/lists/1");
  expect(await switchState(near)).toMatchObject({ bypass: true, since: null });
  expect((await near.get("/_cache/health")).text).toBe('{"status":"ok"}');
  // The usual finding of a switch that bypasses everything.
  const findings = near.log.filter((line) => line.includes("the finding switch-thrown"));
  expect([findings.length, near.log.length]).toEqual([1, 1]);
});

it("an isolate posts the switch again after a fail-over of a minute lost the post", async () => {
  const colos = open();
  const { near, far, upstash } = colos;
  await ask(near, "/lists/1");
  await ask(far, "/lists/1");
  const before = upstash.journal.range(["-", "+"]);
  expect((await postSwitch(near, { bypass: true })).status).toBe(200);
  await ask(near, "/lists/1");
  upstash.journalMode = "down";
  upstash.journal.empty();
  for (const [, fields] of before) upstash.journal.add(["*", ...fields]);
  upstash.heldSwitch = null;
  for (let turn = 0; turn < 12; turn += 1) {
    await colos.pass(5);
    const asked = ask(near, "/lists/1");
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await asked).cacheStatus).toBe(bypassed);
  }
  upstash.journalMode = "works";
  for (let turn = 0; turn < 8; turn += 1) {
    await colos.pass(5);
    await ask(near, "/lists/1");
  }
  await colos.pass(10);
  expect((await ask(near, "/lists/1")).cacheStatus).toBe(bypassed);
  expect((await ask(far, "/lists/1")).cacheStatus).toBe(bypassed);
  // Later reads need no additional commands.
  const lookCount = () => upstash.journalCommands.filter((name) => name === "SET").length;
  const count = lookCount();
  await colos.pass(30);
  await ask(near, "/lists/1");
  await colos.pass(30);
  await ask(near, "/lists/1");
  expect(lookCount()).toBe(count);
});

it("a lost post stays in effect after a later read, and is posted again", async () => {
  const colos = open();
  const { near, upstash } = colos;
  await ask(near, "/lists/1");
  const before = upstash.journal.range(["-", "+"]);
  upstash.beforePost = () => void (upstash.journalMode = "down");
  expect((await postSwitch(near, { bypass: true })).status).toBe(200);
  expect((await ask(near, "/lists/1")).cacheStatus).toBe(bypassed);
  upstash.journal.lay(before);
  Object.assign(upstash, { heldSwitch: null, journalMode: "works", beforePost: () => undefined });
  const purge = { method: "POST", headers: { authorization }, body: '{"tags":["a"]}' };
  await colos.pass(1);
  expect((await near.ask("/_cache/purge", purge)).status).toBe(200);
  await colos.pass(1);
  expect((await ask(near, "/lists/2")).cacheStatus).toBe(bypassed);
  expect(upstash.heldSwitch).toBeNull();
  await colos.pass(5);
  expect(upstash.heldSwitch).toContain(" true");
});

describe("after a loss that follows the read-back", () => {
  /** Turns the switch on, and then to `bypass`. Both colos know the last state. */
  async function posted(bypass: boolean | readonly string[]) {
    const colos = open();
    const { near, far, upstash } = colos;
    for (const site of [near, far]) await ask(site, "/lists/1");
    await postSwitch(near, { bypass: true });
    await colos.pass(10);
    const snapshot = { items: upstash.journal.range(["-", "+"]), held: upstash.heldSwitch };
    if (bypass !== true) await postSwitch(near, { bypass });
    await colos.pass(9);
    for (const site of [near, far]) await ask(site, "/lists/1");
    await colos.pass(10);
    const all = async (...sites: readonly Site[]) => {
      const seen: boolean[] = [];
      for (const site of sites) seen.push((await ask(site, "/lists/1")).cacheStatus === bypassed);
      return seen;
    };
    /** Lets each colo read twice. A new isolate begins in between. */
    const settled = async () => {
      const cold = colos.open("SYD");
      const seen = await all(near, far);
      for (let turn = 0; turn < 3; turn += 1) {
        await colos.pass(5);
        seen.push(...(await all(near, far)));
      }
      return { seen: new Set(seen), cold: await all(cold, colos.open("LAX")) };
    };
    const restore = ({ items, held }: typeof snapshot) => {
      upstash.journal.lay(items);
      upstash.heldSwitch = held;
    };
    const empty = () => restore({ items: [], held: null });
    return { colos, near, far, upstash, snapshot, restore, empty, settled };
  }

  it("of everything, each isolate that knew the state keeps it, and all others learn it", async () => {
    const { near, far, empty, settled } = await posted(true);
    empty();
    expect(await settled()).toEqual({ seen: new Set([true]), cold: [true, true] });
    for (const site of [near, far]) {
      expect(await switchState(site)).toMatchObject({ bypass: true, here: true });
      expect((await findingsOf(site)).map(({ code }) => code)).toEqual(
        expect.arrayContaining(["journal-lost-entries", "switch-lost", "switch-thrown"]),
      );
    }
  });

  it("a snapshot in which the switch was on does not turn it on", async () => {
    const { near, snapshot, restore, settled } = await posted(false);
    restore(snapshot);
    expect(await settled()).toEqual({ seen: new Set([false]), cold: [false, false] });
    expect(await switchState(near)).toMatchObject({ bypass: false, here: false });
  });

  it("a post to an isolate that does not know the lost state replaces this state", async () => {
    const { colos, near, empty, upstash, settled } = await posted(true);
    empty();
    const cold = colos.open("SYD");
    await colos.pass(1);
    expect((await postSwitch(cold, { bypass: false })).status).toBe(200);
    await ask(near, "/lists/1");
    await settled();
    expect(await settled()).toEqual({ seen: new Set([false]), cold: [false, false] });
    expect(upstash.heldSwitch).toContain(" false");
  });

  it("of the key alone, the state names the known post, and restores the key", async () => {
    const { near, far, upstash } = await posted(["lists"]);
    const postHeld = () => upstash.heldSwitch?.split(" ")[0];
    const post = postHeld();
    Object.assign(upstash, { heldSwitch: null });
    expect(await switchState(far)).toMatchObject({ bypass: ["lists"], here: ["lists"] });
    await idle();
    expect(postHeld()).toBe(post);
    const count = upstash.journal.length;
    expect(await switchState(near)).toMatchObject({ bypass: ["lists"] });
    expect(upstash.journal.length).toBe(count);
  });
});

it("the state of the switch stays in its key after the journal was trimmed", async () => {
  const colos = open();
  const { near, far, upstash } = colos;
  await ask(far, "/lists/1");
  await postSwitch(near, { bypass: true });
  upstash.journal.empty();
  upstash.journal.add(["*", "v", "1", "n", "later", "tags", "[]", "prefixes", "[]"]);
  expect((await ask(colos.open("SYD"), "/lists/1")).cacheStatus).toBe(bypassed);
  await colos.pass(10);
  for (const site of [near, far]) expect((await ask(site, "/lists/1")).cacheStatus).toBe(bypassed);
});

it("an isolate does not repeat a lost post after another post", async () => {
  const colos = open();
  const { near, far, upstash } = colos;
  await ask(far, "/lists/1");
  const before = upstash.journal.range(["-", "+"]);
  await postSwitch(near, { bypass: true });
  upstash.journal.lay(before);
  upstash.heldSwitch = null;
  // The clock orders the two posts, because the second isolate does not know the first post.
  await colos.pass(0.1);
  await postSwitch(far, { bypass: ["lists"] });
  await colos.pass(20);
  expect(await switchState(near)).toMatchObject({ bypass: ["lists"], here: ["lists"] });
  expect((await ask(near, "/articles/1")).cacheStatus).not.toBe(bypassed);
});

it("the state lists the posted names of routes that this deployment does not have", async () => {
  const { near, upstash } = open();
  await postSwitch(near, { bypass: ["lists"] });
  expect(await switchState(near)).not.toHaveProperty("unknownRoutes");
  upstash.heldSwitch = upstash.heldSwitch?.replace('["lists"]', '["lists","prices"]') ?? null;
  expect(await switchState(near)).toMatchObject({
    bypass: ["lists", "prices"],
    unknownRoutes: ["prices"],
  });
});
