// What the switch asks of Redis, counted (docs/costs.md): of a cold view, of a post, and of all others.
import { expect, it } from "vitest";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const open = () =>
  new TwoColos({ routes: [{ name: "all", match: "*", fresh: "1h" }] }, () => new Response("page"));

/** Commands that `work` has had the journal asked, scripts last. */
async function askedIn({ upstash }: TwoColos, work: () => Promise<unknown>): Promise<string[]> {
  const { journalCommands, leaseCommands } = upstash;
  const [journalCount, scriptCount] = [journalCommands.length, leaseCommands.length];
  await work();
  return [...journalCommands.slice(journalCount), ...leaseCommands.slice(scriptCount)];
}

it("a cold view costs one GET more, and reading on none", async () => {
  const colos = open();
  await ask(colos.near, "/page");
  const cold = colos.open("SYD");
  expect(await askedIn(colos, () => ask(cold, "/page"))).toEqual(["XREVRANGE", "GET"]);
  await colos.pass(10);
  expect(await askedIn(colos, () => ask(cold, "/page"))).toEqual(["XRANGE"]);
});

it("a post costs three before its 200 and three after it, and a bypassed request nothing", async () => {
  const colos = open();
  const { near } = colos;
  await ask(near, "/page");
  const headers = { authorization: "Bearer admin-of-this-site" };
  const post = () =>
    near.ask("/_cache/switch", { method: "POST", headers, body: '{"bypass":true}' });
  const costs = await askedIn(colos, async () => {
    expect((await post()).status).toBe(200);
    await colos.pass(9);
  });
  expect(costs).toEqual(["SET", "GET", "XRANGE", "SET", "XRANGE", "EVAL"]);
  // Reads on, as any request does by then.
  await ask(near, "/page");
  expect(await askedIn(colos, () => ask(near, "/page"))).toEqual([]);
});
