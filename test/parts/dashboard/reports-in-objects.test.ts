// Tests the reports and hot keys of a site on Durable Objects, without Redis.
// Needs parts: hot-keys.
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dashboard } from "../../../src/parts/dashboard/dashboard.ts";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { durableObjectReports } from "../../../src/stores/durable-object/durable-object-reports.ts";
import { TidemarkRecords } from "../../../src/stores/durable-object/tidemark-records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { host, openColos, type Site } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";

let clock: FakeClock;
let reports: FakeObject;
let sites: readonly Site[];

beforeEach(() => {
  clock = new FakeClock();
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
  const journal = new FakeObject();
  reports = new FakeObject();
  const records = new FakeObject((state) => new TidemarkRecords(state));
  const isOfReports = (id: { toString(): string }) => id.toString().endsWith(" metrics");
  const objects = {
    ...journal.namespace,
    get: (id: { toString(): string }) => (isOfReports(id) ? reports.stub : journal.stub),
  };
  sites = openColos(2, {
    clock,
    config: { parts: [dashboard(), hotKeys(10)] },
    records: durableObjectRecords({ objects: 1 }),
    journal: durableObjectJournal(),
    reports: durableObjectReports(),
    env: {
      ADMIN_TOKEN: adminToken,
      SITE_HOST: host,
      JOURNAL: objects,
      RECORDS: records.namespace,
    },
    origin: (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=70")),
    random: 0,
  });
});

afterEach(() => void vi.useRealTimers());

const pass = (seconds: number) => {
  clock.advance(seconds);
  vi.setSystemTime(clock.atMs);
};

const read = (site: Site | undefined, path: string) => site!.get(path, { headers: bearer });

describe("a site on Durable Objects", () => {
  it("shows its own counts at the first look at the dashboard, in the last hour and week", async () => {
    const [site] = sites;
    for (let nth = 0; nth < 4; nth += 1) await site!.get("/a");
    for (const part of ["overview", "week", "tiers"]) {
      await read(site, `/_cache/dashboard/${part}`);
    }
    expect(reports.calls.filter((call) => call === "report")).toHaveLength(1);
    for (const part of ["overview", "week"]) {
      const { text } = await read(site, `/_cache/dashboard/${part}`);
      expect(text).toContain("<dt>Hit rate</dt><dd>75.0 %</dd>");
      expect(text).toContain("The isolate that answered has just reported.");
    }
    for (const part of ["data", "tiers"]) {
      expect((await read(site, `/_cache/dashboard/${part}`)).text).not.toContain("cannot be shown");
    }
  });

  it("adds up the counts of all colos, and keeps them when reports are folded", async () => {
    for (const site of sites) await site.get("/a");
    for (const site of sites) await read(site, "/_cache/metrics?format=json");
    for (let minute = 0; minute < 6; minute += 1) {
      await sites[0]!.fireCron();
      pass(60);
    }
    expect(reports.calls).toContain("fold");
    const { text } = await read(sites[1], "/_cache/metrics");
    expect(text).toContain('tidemark_requests_total{route="",result="stored",tier="origin"} 1');
    expect(text).toContain('result="hit",tier="shared"} 1');
  });

  it("serves pages while the object of the reports fails, and counts the lost report", async () => {
    const [site] = sites;
    reports.isDown = true;
    expect((await site!.get("/a")).text).toBe("page 1");
    expect((await read(site, "/_cache/metrics?format=json")).status).toBe(503);
    reports.isDown = false;
    pass(60);
    expect((await site!.get("/a")).text).toBe("page 1");
    await read(site, "/_cache/metrics?format=json");
    const { text } = await read(site, "/_cache/metrics");
    expect(text).toContain("tidemark_reports_lost_total 1");
  });

  it("reports a finding while the object fails, and readers lose at most a report a minute", async () => {
    const [site] = sites;
    await site!.get("/a");
    reports.isDown = true;
    for (let nth = 0; nth < 12; nth += 1) {
      await read(site, "/_cache/dashboard/overview");
      pass(9);
    }
    expect(reports.calls.filter((call) => call === "report")).toHaveLength(2);
    const { status, findings } = JSON.parse((await read(site, "/_cache/health")).text);
    expect(status).toBe("degraded");
    expect(findings).toMatchObject([
      { code: "object-unavailable", values: { database: "metrics' Durable Object" } },
    ]);
    reports.isDown = false;
    pass(60);
    await read(site, "/_cache/dashboard/overview");
    expect((await read(site, "/_cache/metrics")).text).toContain("reports_lost_total 2\n");
    expect(JSON.parse((await read(site, "/_cache/health")).text).status).toBe("ok");
  });

  it("shows no row of Redis", async () => {
    const [site] = sites;
    const stats = JSON.parse((await read(site, "/_cache/stats")).text);
    expect(Object.keys(stats)).not.toContain("redis");
    const { text } = await read(site, "/_cache/dashboard/tiers");
    expect(text).toContain("Purge journal</");
    expect(text).not.toContain("Redis</");
  });

  it("keeps hot keys warm, although their object leaves memory meanwhile", async () => {
    const [site] = sites;
    for (let nth = 0; nth < 3; nth += 1) await site!.get("/hot");
    pass(61);
    await site!.get("/hot");
    reports.end();
    await site!.fireCron();
    expect(reports.calls.filter((call) => call.endsWith("otKeys"))).toEqual([
      "addHotKeys",
      "hotKeys",
    ]);
    expect(site!.origin.asked).toHaveLength(2);
    pass(20);
    const { text, cacheStatus } = await site!.get("/hot");
    expect([text, cacheStatus]).toEqual(["page 2", expect.stringContaining("hit")]);
  });
});
