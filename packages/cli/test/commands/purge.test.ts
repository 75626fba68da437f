// `tidemark purge`, against the real application.
import { describe, expect, it } from "vitest";
import { main } from "../../src/main.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv, realSites, siteUrl } from "../fakes/site-as-fetch.ts";

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
  it("says that tags with a comma between are one tag", async () => {
    const { user } = await stored();
    const { code, notes } = await user.runs(["purge", "--tag", "a,b", "--tag", "c"]);
    expect({ code, notes }).toEqual({
      code: 0,
      notes: '"a,b" is one tag. For several tags, write --tag before each.\n',
    });
  });

  it("is told with its position, and holds", async () => {
    const { site, user } = await stored();
    const ran = await user.runs(["purge", "--tag", "a", "--tag", "b", "--reason", "a test"]);
    expect(ran).toMatchObject({ code: 0, notes: "" });
    expect(ran.out).toMatch(/^Purged: position \d+-\d+\. It applies everywhere within 10 s\.\n/);
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
  { name: "no target", args: [], says: "No target is specified." },
  { name: "a word that is no option", args: ["a"], says: "too many arguments" },
  { name: "everything, unasked", args: ["--everything"], says: "Pass --yes" },
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

const accepted = { position: "1-0", targets: {}, visibleWithinSeconds: 10 };

it.each([
  { name: "a server between", answer: () => new Response("<h1>", { status: 502 }) },
  { name: "a limit", answer: () => new Response("slower", { status: 429 }) },
  { name: "a Worker that fails", answer: () => new Response("1101", { status: 500 }) },
])("is sent again after the answer of $name, and told once", async ({ answer }) => {
  const answers = [answer, answer, () => Response.json(accepted)];
  const bodies = new Set<string>();
  const fetch = async (_: unknown, init?: RequestInit) => {
    const request = new Request(siteUrl, init);
    bodies.add(`${request.headers.get("webhook-id")} ${await request.text()}`);
    return answers.shift()?.() ?? Response.error();
  };
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { code, out } = await user.runs(["purge", "--tag", "a", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(accepted);
  expect(bodies.size).toBe(1);
});

it("is one purge in the journal where its first answer is lost", async () => {
  const { fetch } = openReached(tagged);
  let isLost = false;
  const losing: typeof globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== "POST" || isLost) return response;
    isLost = true;
    throw new TypeError("fetch failed", { cause: new Error("cut") });
  };
  realSites.add(losing);
  const user = await FakeUser.at({ fetch: losing, env: operatorEnv });
  const { code, notes } = await user.runs(["purge", "--tag", "a"]);
  expect(code).toBe(0);
  expect(notes).toContain("Retrying in 1 s.");
  const { out } = await user.runs(["journal"]);
  expect(out.match(/purges tags a/g)).toHaveLength(1);
});

it("says that it may have been accepted where it is cut off, or given up", async () => {
  const away = async () => {
    throw new TypeError("fetch failed");
  };
  const user = await FakeUser.at({ fetch: away, env: operatorEnv });
  const { notes } = await user.runs(["purge", "--tag", "a"]);
  expect(notes).toContain("The purge was sent 4 times with one id, and may have been accepted.");
  const run = user.world(["purge", "--tag", "a", "--json"], { onSleep: () => run.interrupt() });
  expect(await main(run.world)).toBe(130);
  expect(JSON.parse(run.output.text)).toMatchObject({
    error: { code: "interrupted", what: "The purge was interrupted." },
  });
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
    expect(output.text).toContain(isEnded ? "everywhere within 10 s." : "It applies everywhere.");
  }
  expect(pauses).toEqual([10_000, 10_000]);
});
