// Tests `tidemark outward` with the real application, and with scripted answers.
// Needs parts: outward.
import { expect, it } from "vitest";
import { outward } from "../../../../src/parts/outward/outward.ts";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { listTarget, secret } from "../../../../test/parts/outward/outward-world.ts";
import { operatorAt, operatorTold } from "../fakes/operator.ts";

const config = { parts: [outward({ edge: listTarget() })] };
const site = { config, env: { OUTWARD_SECRET_EDGE: secret } };

it("outward shows the targets, delivers, and skips after a confirmation", async () => {
  const { user, asked } = await operatorAt(site);
  expect(await user.runs(["outward"])).toEqual({
    code: 0,
    out: "edge: 0 purges wait.\nA purge is due 11 s after it was accepted.\n",
    notes: "",
  });
  expect((await user.runs(["outward", "deliver", "edge"])).out).toContain("Everything that is due");
  expect((await user.runs(["outward", "skip", "edge"])).code).toBe(2);
  expect((await user.runs(["outward", "skip", "edge", "--yes"])).code).toBe(0);
  expect(asked.filter((one) => one.startsWith("POST"))).toHaveLength(2);
});

it("outward exits with 3 for a failing target", async () => {
  const answer = {
    dueAfterSeconds: 11,
    targets: [
      {
        target: "edge",
        cursor: "1-0",
        waiting: 4,
        lagSeconds: 300,
        reset: "journal-lost",
        failing: { outcome: "unauthorized", status: 403, times: 2, since: "S", nextTry: "N" },
        lastDelivery: "L",
      },
      { target: "far", journal: { why: "W.", hint: "H." } },
    ],
  } as const satisfies OperatorAnswer<"outward">;
  const user = await operatorTold(answer);
  const { code, out } = await user.runs(["outward"]);
  expect(code).toBe(3);
  expect(out).toBe(
    "edge: 4 purges wait, the oldest for 300 s.\n" +
      "  Everything is purged there next (journal-lost).\n" +
      "  Failing since S: unauthorized, status 403, 2 times. Next try: N.\n" +
      "  Last delivery: L.\n" +
      "far: unknown. W. H.\n" +
      "A purge is due 11 s after it was accepted.\n",
  );
  expect(JSON.parse((await user.runs(["outward", "--json"])).out)).toEqual(answer);
});

it("outward deliver exits with 3 for a target without its credential", async () => {
  const { user } = await operatorAt({ config });
  const { code, out } = await user.runs(["outward", "deliver", "edge"]);
  expect(code).toBe(3);
  expect(out).toContain("tidemark health names the missing credential");
});

it("outward names the part that a site without targets lacks", async () => {
  const { user } = await operatorAt();
  const { code, notes } = await user.runs(["outward"]);
  expect(code).toBe(1);
  expect(notes).toContain("Add outward() of tidemark/outward to `parts`");
});

it("outward exits with 1 for an unknown target", async () => {
  const { user } = await operatorAt(site);
  const { code, notes } = await user.runs(["outward", "deliver", "other"]);
  expect(code).toBe(1);
  expect(notes).toContain('no target "other"');
});
