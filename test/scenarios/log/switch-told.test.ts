// Tests the log lines about the switch, which sends requests straight to the origin. The isolate
// that accepts a post logs the post, and each other isolate logs the change once.
import { expect, it } from "vitest";
import type { Site } from "../../../testing/site/harness.ts";
import { postSwitch } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const open = () => new TwoColos({}, () => new Response("page"));
const told = ({ lines }: Site) => lines.filter(({ event }) => event === "switch");

it("a post is logged by the isolate that accepts it and by one that reads it", async () => {
  const colos = open();
  const { near, far } = colos;
  await ask(far, "/a");
  for (const bypass of [true, false]) {
    await postSwitch(near, { bypass });
    for (let second = 0; second < 12; second += 1) {
      await colos.pass(1);
      for (const site of [near, far]) await ask(site, "/a");
    }
  }
  const states = ["everything", "nothing"];
  expect(told(near)).toMatchObject(
    states.map((bypass) => ({ how: "posted", bypass, by: "admin" })),
  );
  expect(told(far)).toMatchObject(states.map((bypass) => ({ how: "learnt", bypass })));
});

it("a new isolate logs the switch only if requests are bypassed", async () => {
  const colos = open();
  await postSwitch(colos.near, { bypass: true });
  const during = colos.open("FRA");
  await ask(during, "/a");
  await postSwitch(colos.near, { bypass: false });
  const after = colos.open("FRA");
  await ask(after, "/a");
  expect(told(during)).toMatchObject([{ how: "learnt", bypass: "everything" }]);
  expect(told(after)).toEqual([]);
});
