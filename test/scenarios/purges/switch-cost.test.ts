// Counts the Redis commands of the switch (docs/costs.md), which sends requests straight to the
// origin: for a new view, for a post and for bypassed requests.
import { expect, it } from "vitest";
import { postSwitch } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const open = () =>
  new TwoColos({ routes: [{ name: "all", match: "*", fresh: "1h" }] }, () => new Response("page"));

/** Returns the journal commands during `work`, scripts last. */
async function commandsOf({ upstash }: TwoColos, work: () => Promise<unknown>): Promise<string[]> {
  const { journalCommands, lockCommands } = upstash;
  const [journalCount, scriptCount] = [journalCommands.length, lockCommands.length];
  await work();
  return [...journalCommands.slice(journalCount), ...lockCommands.slice(scriptCount)];
}

it("a new view and a later read need one command each", async () => {
  const colos = open();
  await ask(colos.near, "/page");
  const cold = colos.open("SYD");
  expect(await commandsOf(colos, () => ask(cold, "/page"))).toEqual(["EVAL_RO"]);
  await colos.pass(10);
  expect(await commandsOf(colos, () => ask(cold, "/page"))).toEqual(["XRANGE"]);
});

it("a post needs five commands, and a bypassed request needs none", async () => {
  const colos = open();
  const { near } = colos;
  await ask(near, "/page");
  const commands = await commandsOf(colos, async () => {
    expect((await postSwitch(near, { bypass: true })).status).toBe(200);
    await colos.pass(9);
  });
  expect(commands).toEqual(["SET", "GET", "EVAL", "XRANGE", "EVAL"]);
  // This request renews the view.
  await ask(near, "/page");
  expect(await commandsOf(colos, () => ask(near, "/page"))).toEqual([]);
});
