// The switch in the log: where it was posted, and once in each isolate that learns of it.
import { expect, it } from "vitest";
import type { Site } from "../../../testing/site/harness.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const open = () => new TwoColos({}, () => new Response("page"));
const headers = { authorization: "Bearer admin-of-this-site" };
const post = (site: Site, bypass: unknown) =>
  ask(site, "/_cache/switch", { method: "POST", body: JSON.stringify({ bypass }), headers });
const told = ({ lines }: Site) => lines.filter(({ event }) => event === "switch");

it("is told where it is posted, and once by each isolate that learns of it", async () => {
  const colos = open();
  await ask(colos.far, "/a");
  for (const bypass of [true, false]) {
    await post(colos.near, bypass);
    for (let second = 0; second < 12; second += 1) {
      await colos.pass(1);
      await ask(colos.near, "/a");
      await ask(colos.far, "/a");
    }
  }
  expect(told(colos.near)).toMatchObject([
    { how: "posted", bypass: "everything", by: "admin" },
    { how: "posted", bypass: "nothing", by: "admin" },
  ]);
  expect(told(colos.far)).toMatchObject([
    { how: "learnt", bypass: "everything" },
    { how: "learnt", bypass: "nothing" },
  ]);
});

it("is told by an isolate that starts where something is bypassed, and by no other", async () => {
  const colos = open();
  await post(colos.near, true);
  const during = colos.open("FRA");
  await ask(during, "/a");
  await post(colos.near, false);
  const after = colos.open("FRA");
  await ask(after, "/a");
  expect(told(during)).toMatchObject([{ how: "learnt", bypass: "everything" }]);
  expect(told(after)).toEqual([]);
});
