// Tests a site whose shared tier has three databases: each page is in one of them, and a failure of
// one concerns only its pages.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";

const bearer = { authorization: "Bearer admin-of-this-site" };
const paths = Array.from({ length: 24 }, (_, nth) => `/${nth}`);

function openWorld() {
  const clock = new FakeClock();
  const [first, second, third] = [1, 2, 3].map(() => new UnsteadyUpstash(clock));
  if (!first || !second || !third) throw new Error("There is no database.");
  const numbered = (number: number, { url, token }: UnsteadyUpstash) => ({
    [`UPSTASH_REDIS_REST_URL_${number}`]: url,
    [`UPSTASH_REDIS_REST_TOKEN_${number}`]: token,
  });
  const others = { ...numbered(2, second), ...numbered(3, third) };
  const open = (colo: string, more: Readonly<Record<string, string>> = others) => {
    const env = { COLO: colo, ADMIN_TOKEN: "admin-of-this-site", ...more };
    const origin = () => page("page", cc("max-age=600", { "cache-tag": "t" }));
    return openSite({ clock, upstash: first, env, origin });
  };
  return { clock, databases: [first, second, third] as const, open, numbered };
}

type Opened = ReturnType<ReturnType<typeof openWorld>["open"]>;

async function hits(site: Opened): Promise<readonly boolean[]> {
  const seen: boolean[] = [];
  for (const path of paths) {
    const { cacheStatus } = await site.get(path);
    seen.push(cacheStatus.includes("; hit; ") && cacheStatus.includes("detail=shared"));
  }
  return seen;
}

const recordsIn = ({ keys }: UnsteadyUpstash) => keys.filter((key) => key.includes(":r:"));

describe("several databases", () => {
  it("store each page in one of them, and only the first stores the journal", async () => {
    const { databases, open } = openWorld();
    await hits(open("HAM"));
    const counts = databases.map((one) => recordsIn(one).length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(paths.length);
    expect(counts.every((count) => count > 0)).toBe(true);
    const lengths = databases.map((one) => one.journal.range(["-", "+"]).length);
    expect(lengths).toEqual([1, 0, 0]);
    expect(await hits(open("NRT"))).toEqual(paths.map(() => true));
  });

  it("if one does not answer, lose only its pages, and the site says which one it is", async () => {
    const { databases, open, clock } = openWorld();
    await hits(open("HAM"));
    const counts = databases.map((one) => recordsIn(one).length);
    databases[1].mode = "down";
    const far = open("NRT");
    const seen = await hits(far);
    expect(seen.filter((isHit) => !isHit)).toHaveLength(counts[1] ?? 0);
    const answer = await far.ask("/_cache/health", { headers: bearer });
    const { findings } = (await answer.json()) as { findings: { level: string; what: string }[] };
    const whats = findings.filter(({ level }) => level === "critical").map(({ what }) => what);
    expect(whats).toEqual(["The shared tier cannot use the database 2."]);
    const breakers = far.lines.filter(({ event }) => event === "breaker");
    expect(breakers.map(({ part }) => part)).toEqual(["shared-tier-2"]);
    const line = far.lines.find(({ event }) => event === "database");
    expect(line?.message).toContain("check UPSTASH_REDIS_REST_URL_2, and that");
    const stats = await far.ask("/_cache/stats", { headers: bearer });
    expect(await stats.json()).toMatchObject({
      redis: { shutOff: false },
      otherDatabases: [{ shutOff: true }, { shutOff: false }],
    });
    databases[1].mode = "works";
    clock.advance(60);
    await hits(far);
    expect(await hits(open("FRA"))).toEqual(paths.map(() => true));
  });

  it("purge pages in all of them by one entry", async () => {
    const { open, clock } = openWorld();
    const near = open("HAM");
    await hits(near);
    const body = JSON.stringify({ tags: ["t"] });
    const answer = await near.ask("/_cache/purge", { method: "POST", body, headers: bearer });
    expect(answer.status).toBe(200);
    clock.advance(11);
    expect(await hits(open("NRT"))).toEqual(paths.map(() => false));
  });

  it("if one is added or removed, move only its share, and no purged page answers", async () => {
    const { databases, open, numbered, clock } = openWorld();
    const two = numbered(2, databases[1]);
    await hits(open("HAM", two));
    const moved = (await hits(open("NRT"))).filter((isHit) => !isHit).length;
    expect(moved).toBe(recordsIn(databases[2]).length);
    expect(moved).toBeLessThan(paths.length);
    const near = open("FRA");
    const body = JSON.stringify({ tags: ["t"] });
    await near.ask("/_cache/purge", { method: "POST", body, headers: bearer });
    clock.advance(11);
    // The copies from before the move are still in the first two databases.
    expect(await hits(open("LHR", two))).toEqual(paths.map(() => false));
  });
});
