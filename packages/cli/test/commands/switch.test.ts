// `tidemark switch`, against the real application.
import { describe, expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

const config = {
  routes: [
    { name: "news", match: "/news/*" },
    { name: "rest", match: "*" },
  ],
};

async function atSite() {
  const { fetch, asked } = openReached({ config });
  return { user: await FakeUser.at({ fetch, env: operatorEnv }), asked };
}

it("shows it, throws it for some routes, for all, and ends it", async () => {
  const { user, asked } = await atSite();
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

it("only says what would be with --dry-run", async () => {
  const { user, asked } = await atSite();
  const { code, out } = await user.runs(["switch", "on", "news", "--dry-run"]);
  expect(code).toBe(0);
  expect(out).toBe(
    "The switch was not changed.\nIt would be: on, these routes go to the origin: news.\nThe switch is off.\n",
  );
  expect(asked).toEqual(["GET /_cache/switch"]);
});

describe("what is refused sends nothing", () => {
  it.each([
    { name: "everything, unasked", args: ["on"], says: "Pass --yes" },
    { name: "off with routes", args: ["off", "news"], says: "off takes no routes" },
    { name: "an empty route, as of an unset variable", args: ["on", ""], says: "is empty" },
    { name: "another state", args: ["of"], says: "Allowed choices are on, off" },
    { name: "a reason for nothing", args: ["--reason", "x"], says: "on or off" },
  ])("$name", async ({ args, says }) => {
    const { user, asked } = await atSite();
    const { code, notes } = await user.runs(["switch", ...args]);
    expect(code).toBe(2);
    expect(notes).toContain(says);
    expect(asked).toEqual([]);
  });
});

it("tells what the site refuses", async () => {
  const { user } = await atSite();
  const { code, notes } = await user.runs(["switch", "on", "sport"]);
  expect(code).toBe(1);
  expect(notes).toContain('no route named "sport"');
});

const held: OperatorAnswer<"switch"> = {
  bypass: false,
  position: null,
  since: null,
  variable: false,
};

describe("what else the site tells of it", () => {
  it.each([
    {
      name: "an isolate that follows late",
      told: { here: ["a"] },
      says: "still uses: on, these",
    },
    { name: "the variable", told: { variable: true }, says: "BYPASS is also set: on, every" },
    {
      name: "a route that is gone",
      told: { unknownRoutes: ["old"] },
      says: "no such routes: old.",
    },
    { name: "a spoilt key", told: { key: "It cannot be read." }, says: "It cannot be read." },
    { name: "no journal", told: { journal: "None is set." }, says: "None is set." },
    { name: "a journal that is away", told: { journal: { why: "W.", hint: "M." } }, says: "W. M." },
  ])("$name", async ({ told, says }) => {
    const fetch = async () => Response.json({ ...held, ...told });
    const user = await FakeUser.at({ fetch, env: operatorEnv });
    expect((await user.runs(["switch"])).out).toContain(says);
  });
});
