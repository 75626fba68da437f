// Tests how the operator learns that an origin cannot be reached, and that it answers again. The
// log and the stats contain the origin's name and not its address.
import { afterEach, describe, expect, it, vi } from "vitest";
import { openSite, type Site, until } from "../../../testing/site/harness.ts";
import {
  cc,
  never,
  page,
  type Script,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const admin = { authorization: "Bearer admin-token-of-the-site" };
const noStore = () => page("back", cc("no-store"));

function opened(script: Script): Site {
  return openSite({
    origin: script,
    env: { ADMIN_TOKEN: "admin-token-of-the-site", ORIGIN_URL: "https://user-s3cret.invalid" },
  });
}

async function originsOf(site: Site) {
  const stats = await site.ask("/_cache/stats", { headers: admin });
  const { openBreakers, originTroubles } = (await stats.json()) as Record<string, unknown>;
  return { openBreakers, originTroubles };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("an origin that cannot be reached", () => {
  it("has one log line, and another line when it answers again", async () => {
    const site = opened(unreachable);
    for (let nth = 0; nth < 4; nth += 1) {
      await site.get(`/${nth}`);
      site.clock.advance(3);
    }
    expect(site.log).toEqual(['Origin "default" cannot be reached.']);
    site.origin.script = noStore;
    for (let nth = 0; nth < 4; nth += 1) await site.get(`/${nth}`);
    expect(site.log.slice(1)).toEqual(['Origin "default" answers again after 12 s.']);
    expect(site.log.join("\n")).not.toContain("s3cret");
  });

  it("is in the stats with the kind, the times and the count of its failures", async () => {
    const site = opened(unreachable);
    const sinceAtMs = site.clock.atMs;
    await site.get("/a");
    site.clock.advance(5);
    await site.get("/b");
    const trouble = {
      kind: "unreachable",
      sinceAtMs,
      lastAtMs: sinceAtMs + 5_000,
      isOver: false,
      counts: { unreachable: 2 },
    };
    expect(await originsOf(site)).toEqual({
      openBreakers: [],
      originTroubles: { default: trouble },
    });
    site.origin.script = noStore;
    await site.get("/c");
    expect((await originsOf(site)).originTroubles).toEqual({
      default: { ...trouble, isOver: true },
    });
  });

  it("has a log line when it has an open breaker, and another line when it is in use again", async () => {
    const site = opened(unreachable);
    for (let nth = 0; nth < 9; nth += 1) await site.get(`/${nth}`);
    expect(site.log).toEqual([
      'Origin "default" cannot be reached.',
      'Origin "default" has an open circuit breaker: only background probes use it.',
    ]);
    site.origin.script = noStore;
    site.clock.advance(8);
    await site.get("/a");
    expect(site.log.slice(2)).toEqual([
      'Origin "default" answers again after 8 s.',
      'Origin "default" works again: its circuit breaker was open for 8 s.',
    ]);
  });

  it("has at most six log lines in three minutes if it fails every other second", async () => {
    let isUp = false;
    const site = opened(() => (isUp ? noStore() : unreachable()));
    for (let second = 0; second < 180; second += 1) {
      isUp = second % 2 === 1;
      await site.get(`/${second}`);
      site.clock.advance(1);
    }
    expect(site.log.length).toBeLessThanOrEqual(6);
    expect(site.log.length).toBeGreaterThanOrEqual(4);
  });
});

it("an origin that does not answer in time has its own log line and its own kind", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const site = opened(never);
  const asking = site.ask("/a");
  await until(() => site.origin.count === 1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect((await asking).status).toBe(504);
  expect(site.log).toEqual(['Origin "default" does not answer in time.']);
  expect((await originsOf(site)).originTroubles).toMatchObject({
    default: { kind: "timeout", counts: { timeout: 1 } },
  });
});

it.each([
  [524, "does not answer in time", "timeout"],
  [522, "does not answer in time", "timeout"],
  [521, "cannot be reached", "unreachable"],
])("an origin for which Cloudflare answers %i %s", async (status, line, kind) => {
  const site = opened(() => page("error code", {}, status));
  await site.get("/a");
  expect(site.log).toEqual([`Origin "default" ${line}.`]);
  expect((await originsOf(site)).originTroubles).toMatchObject({ default: { kind } });
});

it("an origin that answers 503 itself is not reported as failing", async () => {
  const site = opened(() => page("sorry", {}, 503));
  await site.get("/a");
  expect([site.log, (await originsOf(site)).originTroubles]).toEqual([[], {}]);
});
