// Tests `tidemark purge`, mostly against the real application.
import { describe, expect, it } from "vitest";
import { main } from "../../src/main.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { operatorAt, operatorOf, operatorTold, pageTagged } from "../fakes/operator.ts";
import { until } from "../../../../testing/site/harness.ts";
import { openReached, operatorEnv, realSites, siteUrl } from "../fakes/site-as-fetch.ts";

/** The end of a wait of 10 s after a purge that was accepted at 00:00:04.9. */
const visibleBy = "2026-11-01T00:00:14.900Z";

async function stored() {
  const reached = await operatorAt(pageTagged());
  await reached.site.get("/a");
  return reached;
}

const unreachable = async () => {
  throw new TypeError("fetch failed");
};

describe("the purge command", () => {
  it("notes that a comma does not separate tags", async () => {
    const { user } = await stored();
    const { code, notes } = await user.runs(["purge", "--tag", "a,b", "--tag", "c"]);
    expect({ code, notes }).toEqual({
      code: 0,
      notes: '"a,b" is one tag. For several tags, write --tag before each.\n',
    });
  });

  it("prints the purge's position, and the purge takes effect", async () => {
    const { site, user } = await stored();
    const ran = await user.runs(["purge", "--tag", "a", "--tag", "b", "--reason", "a test"]);
    expect(ran).toMatchObject({ code: 0, notes: "" });
    expect(ran.out).toMatch(/^Purged: position \d+-\d+\. It applies everywhere within 10 s\.\n/);
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("detail=purged");
  });

  it("says that a purge reaches only the process of the site", async () => {
    const reading = { targets: { tags: 1 }, visibleWithinSeconds: 10, visibleBy };
    const user = await operatorTold({ position: "1-1", ...reading, reach: "process" });
    for (const [wait, when] of [
      [[], " within 10 s"],
      [["--wait"], ""],
    ] as const) {
      const { out } = await user.runs(["purge", "--tag", "a", ...wait]);
      expect(out).toBe(
        `Purged: position 1-1. It applies only in the process that answered${when}.\n`,
      );
    }
  });

  it.each([[], ["--dry-run"]])("prints why an invalid name is not purged: %j", async (...more) => {
    const { user } = await stored();
    const names = ["--tag", "a", "--tag", "x".repeat(257), "--url", "https://a.example/*"];
    const { code, out } = await user.runs(["purge", ...names, ...more]);
    expect(code).toBe(0);
    expect(out).toContain("  Not purged: A tag is over 256 bytes.");
    expect(out).toContain("contains a star");
  });

  it("lets the site fetch pages again, and prints why it does not fetch one", async () => {
    const { site, user } = await stored();
    const refresh = ["--refresh", "/a", "--refresh", "/a*"];
    const { code, out } = await user.runs(["purge", "--tag", "a", ...refresh]);
    expect(code).toBe(0);
    expect(out).toContain("\nPages that the site fetches again: 1.\n  Not refreshed: ");
    await until(() => site.origin.count === 2);
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it("prints JSON with --json", async () => {
    const { user } = await stored();
    const { code, out } = await user.runs(["purge", "--url", "/a", "--json"]);
    expect(code).toBe(0);
    const endsAt = expect.stringMatching(/^\d{4}-.*Z$/);
    const of = { targets: { urls: 1 }, visibleWithinSeconds: 10, visibleBy: endsAt };
    expect(JSON.parse(out)).toMatchObject(of);
  });

  it("lists with --dry-run the URLs that the purge would cover, and purges nothing", async () => {
    const { site, user } = await stored();
    const { code, out } = await user.runs(["purge", "--tag", "a", "--dry-run"]);
    expect(code).toBe(0);
    expect(out).toContain(`  ${siteUrl}/a\n`);
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });
});

it("purge --dry-run says why not all of the shared tier was examined", async () => {
  const none = { examined: 5, covered: 0 };
  const why = "The examination took longer than 5 s.";
  const shared = { ...none, isWhole: false, whyNotWhole: why };
  const user = await operatorTold({ dryRun: true, targets: {}, isolate: none, shared, limits: "" });
  const { out } = await user.runs(["purge", "--tag", "a", "--dry-run"]);
  expect(out).toContain(`  shared tier: 0 of 5\n  ${why}\n`);
});

it("purge refuses --dry-run with --wait, and sends nothing", async () => {
  const { user, asked } = await operatorAt();
  const { code, notes } = await user.runs(["purge", "--tag", "a", "--dry-run", "--wait"]);
  expect({ code, asked }).toEqual({ code: 2, asked: [] });
  expect(notes).toContain("--dry-run purges nothing");
});

it("purge reports a rejection by the site, and exits with 1", async () => {
  const { user } = await stored();
  const env = { ...operatorEnv, TIDEMARK_TOKEN: "another-token-than-that" };
  const ran = await user.runs(["purge", "--tag", "a", "--json"], { env });
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out)).toMatchObject({ error: { code: "unauthorized" } });
  expect(ran.notes).toContain("ADMIN_TOKEN for this host, www.example.com.");
  expect(ran.notes).toContain("the deployment must see the host www.example.com:");
});

it("purge sends the same id four times if the site is unreachable", async () => {
  const ids: (string | null)[] = [];
  const pauses: number[] = [];
  const fetch = async (_: unknown, init?: RequestInit) => {
    ids.push(new Headers(init?.headers).get("webhook-id"));
    throw new TypeError("fetch failed");
  };
  const user = await operatorOf(fetch, { onSleep: (ms) => pauses.push(ms) });
  expect((await user.runs(["purge", "--tag", "a"])).code).toBe(1);
  expect(pauses).toEqual([1_000, 2_000, 4_000]);
  expect(ids).toHaveLength(4);
  expect(new Set(ids).size).toBe(1);
});

it.each([502, 429, 500])("purge sends the same request again after status %i", async (status) => {
  const accepted = { position: "1-0", targets: {}, visibleWithinSeconds: 10, visibleBy };
  const refused = () => new Response("<h1>", { status });
  const answers = [refused, refused, () => Response.json(accepted)];
  const bodies = new Set<string>();
  const fetch = async (_: unknown, init?: RequestInit) => {
    const request = new Request(siteUrl, init);
    bodies.add(`${request.headers.get("webhook-id")} ${await request.text()}`);
    return answers.shift()?.() ?? Response.error();
  };
  const user = await operatorOf(fetch);
  const { code, out } = await user.runs(["purge", "--tag", "a", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(accepted);
  expect(bodies.size).toBe(1);
});

it("purge writes only one journal entry if the first response is lost", async () => {
  const { fetch } = openReached();
  let isLost = false;
  const losing: typeof globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (init?.method !== "POST" || isLost) return response;
    isLost = true;
    throw new TypeError("fetch failed", { cause: new Error("cut") });
  };
  realSites.add(losing);
  const user = await operatorOf(losing);
  const { code, notes } = await user.runs(["purge", "--tag", "a"]);
  expect(code).toBe(0);
  expect(notes).toContain("Retrying in 1 s.");
  const { out } = await user.runs(["journal"]);
  expect(out.match(/purges tags a/g)).toHaveLength(1);
});

it("purge reports that a purge without a response may have been accepted", async () => {
  const user = await operatorOf(unreachable);
  const { notes } = await user.runs(["purge", "--tag", "a"]);
  expect(notes).toContain("The command tried 4 times, so the purge may have been accepted.");
  const run = user.world(["purge", "--tag", "a", "--json"], { onSleep: () => run.interrupt() });
  expect(await main(run.world)).toBe(130);
  expect(JSON.parse(run.output.text)).toMatchObject({
    error: { code: "interrupted", what: "The purge was interrupted." },
  });
});

it.each([
  { id: "no answer", first: unreachable },
  { id: "a 502", first: async () => new Response("<h1>", { status: 502 }) },
])("purge reports an uncertain acceptance if a 401 follows $id", async ({ first }) => {
  const refused = { code: "unauthorized", what: "Refused.", why: "Expired.", hint: "Set it." };
  const answers = [first, async () => Response.json({ error: refused }, { status: 401 })];
  const user = await operatorOf(async () => (await answers.shift()?.()) ?? Response.error());
  const { code, out, notes } = await user.runs(["purge", "--tag", "a", "--json"]);
  expect({ code, left: answers.length }).toEqual({ code: 1, left: 0 });
  const doubt = "The command tried 2 times, so the purge may have been accepted.";
  expect(notes).toContain(doubt);
  const why = expect.stringContaining(doubt);
  const hint = expect.stringContaining("tidemark journal");
  expect(JSON.parse(out)).toMatchObject({ error: { code: "unauthorized", why, hint } });
});

it("purge reports no uncertain acceptance if the site rejects the first try", async () => {
  const refused = { code: "unauthorized", what: "Refused.", why: "Expired.", hint: "Set it." };
  const user = await operatorOf(async () => Response.json({ error: refused }, { status: 401 }));
  expect((await user.runs(["purge", "--tag", "a"])).notes).not.toContain("accepted");
});

it("purge --wait waits until the purge applies, and exits with 130 on Ctrl-C", async () => {
  const { user } = await operatorAt();
  const pauses: number[] = [];
  for (const isEnded of [false, true]) {
    const onSleep = (ms: number) => {
      pauses.push(ms);
      if (isEnded) interrupt();
    };
    const { world, output, interrupt } = user.world(["purge", "--tag", "a", "--wait"], { onSleep });
    expect(await main(world)).toBe(isEnded ? 130 : 0);
    expect(output.text).toContain(isEnded ? "everywhere within 10 s." : "It applies everywhere.");
  }
  expect(pauses).toEqual([10_000, 10_000]);
});

describe("purge --wait", () => {
  it("waits to the end of N, and shows that each purged URL answers with a new response", async () => {
    const clock = new FakeClock();
    const fields = () => ({ "cache-control": "max-age=600", date: clock.date() });
    const origin = () => new Response("page", { headers: fields() });
    const { site, user, asked } = await operatorAt({ clock, origin });
    await site.get("/a");
    clock.advance(5);
    asked.length = 0;
    const slept: number[] = [];
    const onSleep = (ms: number) => {
      slept.push(ms);
      clock.advance(ms / 1_000);
    };
    const args = ["purge", "--url", "/a", "--tag", "b", "--wait"];
    const { code, out } = await user.runs(args, { onSleep });
    expect([code, slept]).toEqual([0, [10_000]]);
    expect(out).toMatch(/^Purged: position \d+-\d+\. It applies everywhere\.\n/);
    expect(out).toMatch(/\nhttps:\/\/www\.example\.com\/a +- +new +tidemark; hit; ttl=590/);
    expect(asked).toEqual(["POST /_cache/purge", "GET /a", "GET /a"]);
  });

  it("judges a URL by its fields if the body breaks off", async () => {
    const accepted = { position: "1-0", targets: {}, visibleWithinSeconds: 10, visibleBy };
    const headers = { "cache-status": "tidemark; hit; ttl=9" };
    const fetch = async (_: unknown, init?: RequestInit) => {
      const body = new ReadableStream({ start: (at) => at.error(new Error("reset")) });
      return init?.method === "POST" ? Response.json(accepted) : new Response(body, { headers });
    };
    const user = await operatorOf(fetch);
    const { out } = await user.runs(["purge", "--url", "/a", "--wait"]);
    expect(out).toMatch(/\/a {2}- +unknown +tidemark; hit; ttl=9/);
  });

  it("reports a URL that does not answer", async () => {
    const accepted = { position: "1-0", targets: {}, visibleWithinSeconds: 10, visibleBy };
    const fetch = async (_: unknown, init?: RequestInit) =>
      init?.method === "POST" ? Response.json(accepted) : unreachable();
    const user = await operatorOf(fetch);
    const { code, out } = await user.runs(["purge", "--url", "/a", "--wait"]);
    expect([code, out]).toEqual([0, expect.stringMatching(/\/a {2}- +unknown +\S/)]);
  });

  it("prints the position even if it is interrupted", async () => {
    const { user } = await stored();
    const run = user.world(["purge", "--url", "/a", "--wait"], { onSleep: () => run.interrupt() });
    expect(await main(run.world)).toBe(130);
    expect(run.output.text).toMatch(/^Purged: position .* within 10 s\.\n$/);
  });
});

describe("the version that purge --wait shows", () => {
  const position = "tidemark-position=abc";
  const dates = {
    position: "Sun, 01 Nov 2026 00:00:05 GMT",
    other: "Sun, 01 Nov 2026 00:00:01 GMT",
  };
  const soft = "A soft purge lets old responses answer during a refresh";
  const older = "an answer from before the purge";
  it.each([
    { id: "an old response", dates, setCookie: `${position}; Path=/`, version: "old", code: 3 },
    { id: "no position", dates, setCookie: undefined, version: "unknown", code: 0 },
    {
      id: "a soft purge",
      more: ["--soft"],
      dates: { position: dates.other, other: dates.other },
      setCookie: `${position}; Path=/`,
      version: "unknown",
      code: 0,
      why: soft,
    },
    {
      id: "an old response to the position too",
      dates: { position: dates.other, other: dates.other },
      setCookie: `${position}; Path=/`,
      version: "unknown",
      code: 0,
      why: older,
    },
    {
      id: "a response generated in the second of the purge",
      dates: { position: "Sun, 01 Nov 2026 00:00:04 GMT", other: dates.position },
      setCookie: `${position}; Path=/`,
      version: "new",
      code: 0,
    },
    {
      id: "answers without a date",
      dates: { position: "", other: "" },
      setCookie: `${position}; Path=/`,
      version: "unknown",
      code: 0,
    },
  ])("is $version with $id", async ({ dates: dated, setCookie, version, code, more = [], why }) => {
    const accepted = {
      position: "1-0",
      targets: {},
      visibleWithinSeconds: 10,
      visibleBy,
      setCookie,
    };
    const status = "tidemark; hit; ttl=5; detail=edge";
    const fetch = async (_: unknown, init?: RequestInit) => {
      if (init?.method === "POST") return Response.json(accepted);
      const date = new Headers(init?.headers).get("cookie") === position ? "position" : "other";
      const headers = { date: dated[date], "cache-status": status, "cf-ray": "8a-FRA" };
      return new Response("page", { headers });
    };
    const user = await operatorOf(fetch);
    const args = ["purge", "--url", "/a", "--wait", ...more];
    const ran = await user.runs([...args, "--json"]);
    const seen = [{ url: `${siteUrl}/a`, colo: "FRA", version, status }];
    expect({ code: ran.code, ...JSON.parse(ran.out) }).toMatchObject({ code, seen });
    const { out } = await user.runs(args);
    expect([soft, older].filter((one) => out.includes(one))).toEqual(
      [why].flatMap((one) => one ?? []),
    );
  });
});
