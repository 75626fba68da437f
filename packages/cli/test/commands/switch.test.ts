// Tests `tidemark switch` with the real application, and with scripted answers.
import { describe, expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { operatorAt, operatorTold } from "../fakes/operator.ts";

const config = {
  routes: [
    { name: "news", match: "/news/*" },
    { name: "rest", match: "*" },
  ],
};

it("switch shows the switch, and turns it on for two routes, on for all, and off", async () => {
  const { user, asked } = await operatorAt({ config });
  expect(await user.runs(["switch"])).toEqual({ code: 0, out: "The switch is off.\n", notes: "" });
  const some = await user.runs(["switch", "on", "news", "rest", "--reason", "wrong pages"]);
  expect(some.code).toBe(0);
  expect(some.out).toMatch(
    /^The switch is on, these routes go to the origin: news, rest, since \S+, position \S+\.\nAll colos follow within 10 s\.\n$/,
  );
  const all = await user.runs(["switch", "on", "--yes"]);
  expect(all.out).toContain("The switch is on, every request goes to the origin, since ");
  const off = await user.runs(["switch", "off", "--json"]);
  expect(JSON.parse(off.out)).toMatchObject({ bypass: false, visibleWithinSeconds: 10 });
  expect(asked.filter((one) => one.startsWith("POST"))).toHaveLength(3);
  const { out } = await user.runs(["journal", "--json", "--last", "3"]);
  expect(JSON.parse(out.split("\n")[0] ?? "")).toMatchObject({
    bypass: ["news", "rest"],
    reason: "wrong pages",
  });
});

it("switch exits with 1 for an unknown route, and shows the site's error", async () => {
  const { user } = await operatorAt({ config });
  const { code, notes } = await user.runs(["switch", "on", "sport"]);
  expect(code).toBe(1);
  expect(notes).toContain('no route named "sport"');
});

describe("the switch command", () => {
  it.each([
    ["an isolate that still uses the older state", { here: ["a"] }, "still uses: on, these"],
    ["the variable BYPASS", { variable: true }, "BYPASS is also set: on, every"],
    [
      "a route that is not in the configuration",
      { unknownRoutes: ["old"] },
      "no such routes: old.",
    ],
    ["an unreadable key", { key: "It cannot be read." }, "It cannot be read."],
    ["a missing journal", { journal: "None is set." }, "None is set."],
    ["an unavailable journal", { journal: { why: "W.", hint: "M." } }, "W. M."],
  ])("shows what the site answers about %s", async (_name, told, says) => {
    const off = { bypass: false, position: null, since: null, variable: false } as const;
    const user = await operatorTold({ ...off, ...told } satisfies OperatorAnswer<"switch">);
    expect((await user.runs(["switch"])).out).toContain(says);
  });
});
