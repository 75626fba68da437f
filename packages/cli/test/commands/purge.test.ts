// `tidemark purge`, against the real application.
import { describe, expect, it } from "vitest";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";

const tagged = {
  origin: () =>
    new Response("page", { headers: { "cache-control": "max-age=600", "cache-tag": "a" } }),
};

async function stored() {
  const { site, fetch, asked } = openReached(tagged);
  await site.get("/a");
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  return { site, user, asked };
}

describe("a purge", () => {
  it("is told with its position, and holds", async () => {
    const { site, user } = await stored();
    const ran = await user.runs(["purge", "--tag", "a", "--tag", "b", "--reason", "a test"]);
    expect(ran).toMatchObject({ code: 0, notes: "" });
    expect(ran.out).toMatch(/^Purged: position \d+-\d+\. It holds everywhere within 10 s\.\n/);
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("detail=purged");
  });

  it("is one line of JSON with --json", async () => {
    const { user } = await stored();
    const { code, out } = await user.runs(["purge", "--url", "/a", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ targets: { urls: 1 }, visibleWithinSeconds: 10 });
  });

  it("only tells what it would cover with --dry-run", async () => {
    const { site, user } = await stored();
    const { code, out } = await user.runs(["purge", "--tag", "a", "--dry-run"]);
    expect(code).toBe(0);
    expect(out).toContain(`  ${siteUrl}/a\n`);
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });
});

const wrong = [
  { name: "a mistyped option", args: ["--tagg", "a"], says: "Did you mean --tag?" },
  { name: "no target", args: [], says: "No target is named." },
  { name: "a word that is no option", args: ["a"], says: "too many arguments" },
  { name: "everything, unasked", args: ["--everything"], says: "Say --yes" },
  { name: "a token", args: ["--tag", "a", "--token=secret-x"], says: "TIDEMARK_TOKEN" },
  { name: "an option without its value", args: ["--tag"], says: "argument missing" },
] as const;

describe("what is refused sends nothing", () => {
  it.each(wrong)("$name", async ({ args, says }) => {
    const { user, asked } = await stored();
    const ran = await user.runs(["purge", ...args]);
    expect(ran).toMatchObject({ code: 2, out: "" });
    expect(ran.notes).toContain(says);
    expect(ran.notes).not.toContain("secret-x");
    expect(asked).toEqual([]);
  });

  it("an unknown command", async () => {
    const { user, asked } = await stored();
    const ran = await user.runs(["purgee", "--everything", "--yes"]);
    expect(ran.code).toBe(2);
    expect(ran.notes).toContain("Did you mean purge?");
    expect(asked).toEqual([]);
  });

  it("no token", async () => {
    const { user, asked } = await stored();
    const ran = await user.runs(["purge", "--tag", "a"], { env: { TIDEMARK_SITE: siteUrl } });
    expect(ran.code).toBe(2);
    expect(ran.notes).toContain("There is no token");
    expect(asked).toEqual([]);
  });
});

it("tells the site's own refusal, and ends with 1", async () => {
  const { user } = await stored();
  const env = { ...operatorEnv, TIDEMARK_TOKEN: "another-token-than-that" };
  const ran = await user.runs(["purge", "--tag", "a", "--json"], { env });
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out)).toMatchObject({ error: { code: "unauthorized" } });
  expect(ran.notes).toContain("ADMIN_TOKEN");
});

it("sends again what may have been accepted, with one id, and gives up", async () => {
  const ids: (string | null)[] = [];
  const pauses: number[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    ids.push(new Headers(init?.headers).get("webhook-id"));
    throw new TypeError("fetch failed");
  };
  const user = await FakeUser.at({ fetch, env: operatorEnv, onSleep: (ms) => pauses.push(ms) });
  expect((await user.runs(["purge", "--tag", "a"])).code).toBe(1);
  expect(pauses).toEqual([1_000, 2_000, 4_000]);
  expect(ids).toHaveLength(4);
  expect(new Set(ids).size).toBe(1);
});

it("says how long it takes yet where Ctrl-C ends --wait, and ends with 130", async () => {
  const { fetch } = openReached(tagged);
  const pauses: number[] = [];
  for (const isEnded of [false, true]) {
    const onSleep = (ms: number) => {
      pauses.push(ms);
      if (isEnded) interrupt();
    };
    const user = await FakeUser.at({ fetch, env: operatorEnv });
    const { world, output, interrupt } = user.world(["purge", "--tag", "a", "--wait"], { onSleep });
    expect(await main(world)).toBe(isEnded ? 130 : 0);
    expect(output.text).toContain(isEnded ? "everywhere within 10 s." : "It holds everywhere.");
  }
  expect(pauses).toEqual([10_000, 10_000]);
});
