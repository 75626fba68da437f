// What becomes of the switch's state where its key is spoilt, or a fail-over takes long (rule 24).
import { expect, it, vi } from "vitest";
import type { Site } from "../../../testing/site/harness.ts";
import { authorization, postSwitch } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const routes = [{ name: "lists", match: "/lists/*", fresh: "1h" }];
const open = () => new TwoColos({ routes }, () => new Response("page"));
const bypassed = "tidemark; fwd=bypass; fwd-status=200; detail=switch";

async function stateOf(site: Site) {
  const answer = await site.ask("/_cache/switch", { headers: { authorization } });
  return (await answer.json()) as Record<string, unknown>;
}

it("a key that nobody can read is told, and the next post takes its place", async () => {
  const { near, upstash } = open();
  upstash.heldSwitch = "p1 garbage";
  expect(await stateOf(near)).toMatchObject({
    bypass: false,
    position: null,
    key: "The switch's key in Redis holds no readable state. The next post replaces it.",
  });
  expect(await postSwitch(near, true)).toBe(200);
  const state = await stateOf(near);
  expect(state).toMatchObject({ bypass: true, here: true });
  expect(state).not.toHaveProperty("key");
  expect((await ask(near, "/lists/1")).cacheStatus).toBe(bypassed);
});

it.each([
  { id: "no place", held: "p1 here n1 true", isThrown: false },
  { id: "a place that no calendar has", held: "p1 99999999999999999-0 n1 true", isThrown: true },
])(
  "a key with $id is told, and breaks neither the state nor health",
  async ({ held, isThrown }) => {
    const { near, upstash } = open();
    upstash.heldSwitch = held;
    await ask(near, "/lists/1");
    expect(await stateOf(near)).toMatchObject({ bypass: isThrown, since: null });
    expect((await near.get("/_cache/health")).text).toBe('{"status":"ok"}');
    // The finding, as of any switch that is thrown.
    const findings = near.log.filter((line) => line.startsWith("Everything goes straight"));
    expect([findings.length, near.log.length]).toEqual(isThrown ? [1, 1] : [0, 0]);
  },
);

it("a post that a fail-over of a minute has lost is posted again once the journal is back", async () => {
  const colos = open();
  const { near, far, upstash } = colos;
  await ask(near, "/lists/1");
  await ask(far, "/lists/1");
  const before = upstash.journal.range(["-", "+"]);
  expect(await postSwitch(near, true)).toBe(200);
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
  // From then on it costs no more than any view.
  const lookCount = () => upstash.journalCommands.filter((name) => name === "SET").length;
  const count = lookCount();
  await colos.pass(30);
  await ask(near, "/lists/1");
  await colos.pass(30);
  await ask(near, "/lists/1");
  expect(lookCount()).toBe(count);
});

it("a post that a read has passed over is lost: it decides no longer, until it is posted again", async () => {
  const colos = open();
  const { near, upstash } = colos;
  await ask(near, "/lists/1");
  const before = upstash.journal.range(["-", "+"]);
  upstash.beforePost = () => void (upstash.journalMode = "down");
  expect(await postSwitch(near, true)).toBe(200);
  expect((await ask(near, "/lists/1")).cacheStatus).toBe(bypassed);
  upstash.journal.lay(before);
  Object.assign(upstash, { heldSwitch: null, journalMode: "works", beforePost: () => undefined });
  const purge = { method: "POST", headers: { authorization }, body: '{"tags":["a"]}' };
  await colos.pass(1);
  expect((await near.ask("/_cache/purge", purge)).status).toBe(200);
  await colos.pass(1);
  expect((await ask(near, "/lists/2")).cacheStatus).not.toBe(bypassed);
  await colos.pass(5);
  expect((await ask(near, "/lists/2")).cacheStatus).toBe(bypassed);
});

it("names of routes that this deployment does not have are told", async () => {
  const { near, upstash } = open();
  await postSwitch(near, ["lists"]);
  expect(await stateOf(near)).not.toHaveProperty("unknownRoutes");
  upstash.heldSwitch = upstash.heldSwitch?.replace('["lists"]', '["lists","prices"]') ?? null;
  expect(await stateOf(near)).toMatchObject({
    bypass: ["lists", "prices"],
    unknownRoutes: ["prices"],
  });
});
