// Tests a site with SEAL_KEY whose Redis somebody else writes to: no forged, edited, moved or old
// record answers, and a forged purge or switch has no effect but a purge of everything.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import type { StreamReply } from "../../../testing/simulation/simulated-stream.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { defineConfig } from "../../../src/config/config.ts";
import { RecordKey } from "../../../src/cache/record/record-key.ts";
import { responseForm } from "../../../src/pages/stored/response-form.ts";
import { RedisLeases } from "../../../src/stores/redis/redis-leases.ts";
import { RedisReportStream } from "../../../src/parts/operate/reports/redis-report-stream.ts";
import { totalsText } from "../../../src/observe/reports/totals.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

const key = "vN2yqk7Rr0sWl1oXf8ZcUeB4tHpJmG6d9aQ3KxT5uVY=";
const otherKey = "0kQwX7dPz5nLr2YhT9sJbC4fVgM8eUa1iO6tRxWmKlA=";
const { namespace } = defineConfig({});
const bearer = { authorization: "Bearer admin-of-this-site" };

/** Answers with the path and a number that counts the requests. */
function counting() {
  let count = 0;
  const headers = { "cache-control": "max-age=3600", "cache-tag": "t" };
  return (request: Request) => {
    return new Response(`${new URL(request.url).pathname} ${(count += 1)}`, { headers });
  };
}

function openWorld() {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const origin = counting();
  const open = (colo: string, sealKey = key) => {
    const env = { COLO: colo, ADMIN_TOKEN: "admin-of-this-site", SEAL_KEY: sealKey };
    const config = {
      routes: [{ name: "global", match: "/global/*", use: [globalCollapse()] }],
    };
    return openSite({ clock, upstash, env, config, origin });
  };
  /** Changes each stored record. */
  const change = (changed: (key: string, text: string) => string) => {
    const { records, ...others } = upstash.kept;
    const laid = records.map(([name, record]) => {
      return [name, { ...record, text: changed(name, record.text) }] as const;
    });
    upstash.lay({ ...others, records: laid });
  };
  return { clock, upstash, open, change };
}

async function answerOf(site: Site, path: string) {
  const { text, cacheStatus } = await site.get(path);
  return { text, isStored: cacheStatus.includes("; hit") };
}

async function purge(site: Site, order: object) {
  const body = JSON.stringify(order);
  const answer = await site.ask("/_cache/purge", { method: "POST", body, headers: bearer });
  expect(answer.status).toBe(200);
}

const flawsIn = (site: Site) =>
  site.lines.filter(({ event }) => event === "seal").map(({ of, flaw }) => `${of} ${flaw}`);

describe("a record in a sealed Redis", () => {
  it("answers in another colo if nobody has changed it", async () => {
    const { open } = openWorld();
    await open("HAM").get("/a");
    const far = open("NRT");
    expect(await answerOf(far, "/a")).toEqual({ text: "/a 1", isStored: true });
    expect(flawsIn(far)).toEqual([]);
  });

  it.each([
    {
      id: "edited metadata",
      edit: (text: string) => text.replace('"cache-tag"', '"cache-tab"'),
      flaws: ["record wrong"],
    },
    {
      id: "no seal",
      edit: (text: string) => text.replace(/,"seal":"[^"]*"/, ""),
      flaws: ["record missing"],
    },
    {
      id: "a seal of nobody's key",
      edit: (text: string) => text.replace(/"seal":"[^"]*"/, '"seal":"AAAAAAAAAAAAAAAAAAAAAA"'),
      flaws: ["record wrong"],
    },
    {
      id: "another body",
      edit: (text: string) => `${text.slice(0, text.indexOf("\n"))}\nZm9yZ2Vk`,
      flaws: [],
    },
  ])("does not answer with $id", async ({ edit, flaws }) => {
    const { open, change } = openWorld();
    await open("HAM").get("/a");
    change((_, text) => edit(text));
    const far = open("NRT");
    expect(await answerOf(far, "/a")).toEqual({ text: expect.any(String), isStored: false });
    expect(flawsIn(far)).toEqual(flaws);
    // The fill has replaced the record.
    expect((await answerOf(open("FRA"), "/a")).isStored).toBe(true);
  });

  it("does not answer under the key of another page", async () => {
    const { open, upstash, change } = openWorld();
    const near = open("HAM");
    for (const path of ["/a", "/b"]) await near.get(path);
    const texts = new Map(upstash.kept.records.map(([name, { text }]) => [name, text]));
    const names = [...texts.keys()];
    expect(names).toHaveLength(2);
    change((name) => texts.get(names.find((other) => other !== name) ?? "") ?? "");
    const far = open("NRT");
    for (const path of ["/a", "/b"]) {
      expect(await answerOf(far, path)).toEqual({
        text: expect.stringContaining(path),
        isStored: false,
      });
    }
    expect(flawsIn(far)).toEqual(["record wrong"]);
  });

  it("does not answer after a purge, although its seal is valid", async () => {
    const { open, upstash, clock } = openWorld();
    const near = open("HAM");
    await near.get("/a");
    const { records } = upstash.kept;
    await purge(near, { tags: ["t"] });
    clock.advance(11);
    await near.get("/a");
    upstash.lay({ ...upstash.kept, records });
    const far = open("NRT");
    expect((await answerOf(far, "/a")).isStored).toBe(false);
    expect(flawsIn(far)).toEqual([]);
  });
});

describe("an entry of a sealed journal", () => {
  const forgeries: readonly { id: string; forged: (item: StreamReply) => StreamReply }[] = [
    {
      id: "with other targets",
      forged: ([id, fields]) => [
        id,
        fields.map((text, at) => (fields[at - 1] === "tags" ? '["other"]' : text)),
      ],
    },
    {
      id: "without its seal",
      forged: ([id, fields]) => [id, fields.slice(0, fields.indexOf("seal"))],
    },
  ];

  it.each(forgeries)("purges everything $id", async ({ forged }) => {
    const { open, upstash, clock } = openWorld();
    const near = open("HAM");
    await near.get("/a");
    await purge(near, { tags: ["t"] });
    upstash.journal.lay(upstash.journal.range(["-", "+"]).map(forged));
    clock.advance(11);
    const far = open("NRT");
    expect((await answerOf(far, "/a")).isStored).toBe(false);
    expect(flawsIn(far)).toEqual([expect.stringMatching(/^entry (?:wrong|missing)$/)]);
  });

  it("does not turn on the switch if somebody else wrote it", async () => {
    const { open, upstash, clock } = openWorld();
    await open("HAM").get("/a");
    const [first] = upstash.journal.range(["-", "+"]);
    const [id, fields] = first ?? ["", []];
    const n = fields[fields.indexOf("n") + 1] ?? "";
    const post = JSON.stringify({ post: "p", replaces: "", bypass: true });
    const forged = ["n", n, "v", "1", "tags", "[]", "prefixes", "[]", "switch", post];
    upstash.journal.lay([[id, forged]]);
    clock.advance(11);
    const far = open("NRT");
    expect(await answerOf(far, "/a")).toEqual({ text: "/a 1", isStored: true });
    expect(flawsIn(far)).toEqual(["entry missing"]);
  });
});

describe("a lease in a sealed Redis", () => {
  it.each(["uncacheable", "nobody"])(
    "makes nobody wait if somebody else wrote it: %s",
    async (value) => {
      const { open, upstash, clock } = openWorld();
      const near = open("HAM");
      let leaseKeys: readonly string[] = [];
      const { script } = near.origin;
      near.origin.script = (...given: Parameters<typeof script>) => {
        leaseKeys = [...upstash.leases.keys()];
        return script(...given);
      };
      await near.get("/global/a");
      expect(leaseKeys).toHaveLength(1);
      expect(flawsIn(near)).toEqual([]);
      upstash.lay({
        ...upstash.kept,
        records: [],
        leases: leaseKeys.map((name) => [name, { value, untilAtMs: Infinity }]),
      });
      const { url, token } = upstash;
      const redis = upstashStore.client({ url, token, nowAtMs: clock.nowAtMs, sealKeys: [key] });
      const randomText = () => "token";
      const leases = new RedisLeases({ redis, namespace, form: responseForm, randomText });
      const digest = leaseKeys[0]?.split(":").at(-1) ?? "";
      expect(leaseKeys).toEqual([`${namespace}:lease:${digest}`]);
      expect(await leases.ask(RecordKey.ofDigest(digest, ""))).toEqual({ kind: "unavailable" });
      const far = open("NRT");
      const startedAtMs = clock.atMs;
      expect(await answerOf(far, "/global/a")).toEqual({ text: "/global/a 2", isStored: false });
      expect(clock.atMs).toBe(startedAtMs);
      expect(flawsIn(far)).toEqual(["lease missing"]);
    },
  );
});

describe("the reports in a sealed Redis", () => {
  const gauges = {
    lagMs: null,
    lagWorstMs: null,
    viewAgeMs: 0,
    memoryBytes: 0,
    memoryRecords: 0,
  };
  const report = { n: "one", colo: "HAM", coversMs: 0, sums: new Map([["purges", 1]]), gauges };

  function openStream() {
    const { upstash, clock } = openWorld();
    const metrics = { add: (...count: unknown[]) => void flaws.push(count), took: () => undefined };
    const flaws: unknown[] = [];
    const { url, token } = upstash;
    const settings = { url, token, nowAtMs: clock.nowAtMs, sealKeys: [key] };
    const redis = upstashStore.client({ ...settings, metrics });
    const stream = new RedisReportStream({ redis, namespace: "site" });
    const ofSeals = () => flaws.filter((one) => (one as unknown[])[0] === "brokenSeals");
    return { upstash, stream, ofSeals };
  }

  it("count only what nobody has changed", async () => {
    const { upstash, stream, ofSeals } = openStream();
    await stream.add(report);
    const read = async () => {
      const answer = await stream.standing();
      if (answer.kind === "unavailable") throw new Error(answer.cause);
      return answer.value.page.map((one) => one.report?.sums.get("purges"));
    };
    expect(await read()).toEqual([1]);
    const { state } = upstash.reports;
    const changed = (text: string) => text.replace(/(purges[^\d]*)1/, "$19");
    const items = state.items.map(([id, fields]) => [id, fields.map(changed)] as const);
    expect(items).not.toEqual(state.items);
    upstash.reports.state = { ...state, items };
    expect(await read()).toEqual([undefined]);
    upstash.reports.state = { ...state, items: state.items.map(([id, f]) => [id, f.slice(0, -2)]) };
    expect(await read()).toEqual([undefined]);
    expect(ofSeals()).toEqual([
      ["brokenSeals", ["report", "wrong"]],
      ["brokenSeals", ["report", "missing"]],
    ]);
  });

  it("start over if somebody has changed the totals", async () => {
    const { upstash, stream, ofSeals } = openStream();
    await stream.add(report);
    const before = await stream.standing();
    if (before.kind === "unavailable") throw new Error(before.cause);
    const totals = { startedAtMs: 7, sums: new Map(), colos: new Map(), windows: [] };
    await stream.fold("", before.value.page, totalsText(totals, "v1"));
    const folded = await stream.standing();
    expect(folded).toMatchObject({ value: { totals: { totals: { startedAtMs: 7 } } } });
    const { state } = upstash.reports;
    upstash.reports.state = { ...state, totals: state.totals?.replace("7", "8") ?? null };
    const read = await stream.standing();
    expect(read).toMatchObject({ value: { totals: { totals: undefined, isBroken: true } } });
    expect(ofSeals()).toEqual([["brokenSeals", ["totals", "wrong"]]]);
  });

  it("lead to one finding", async () => {
    const { open, change, clock } = openWorld();
    const near = open("HAM");
    for (const path of ["/a", "/b", "/c"]) await near.get(path);
    change((_, text) => text.replace('"cache-tag"', '"cache-tab"'));
    const far = open("NRT");
    for (const path of ["/a", "/b", "/c"]) await far.get(path);
    clock.advance(300 - ((clock.atMs / 1_000) % 300));
    await far.fireCron();
    const answer = await far.ask("/_cache/health", { headers: bearer });
    const { findings } = (await answer.json()) as { findings: { code: string }[] };
    expect(findings.filter(({ code }) => code === "seals-broken")).toMatchObject([
      { values: { count: 3 } },
    ]);
    expect(flawsIn(far)).toEqual(["record wrong"]);
  });
});

describe("SEAL_KEY", () => {
  it("is replaced by three deployments, and every record stays usable", async () => {
    const { open, clock } = openWorld();
    const steps = [key, `${key} ${otherKey}`, `${otherKey} ${key}`, otherKey];
    await open("C0", steps[0]).get("/a");
    for (const [at, sealKey] of steps.slice(1, 3).entries()) {
      const site = open(`C${at + 1}`, sealKey);
      expect((await answerOf(site, "/a")).isStored).toBe(true);
      await site.get("/b");
      await purge(site, { tags: [`of-${at}`] });
      clock.advance(11);
    }
    const last = open("C3", steps[3]);
    // The last deployment trusts only what the new key has sealed.
    expect((await answerOf(last, "/a")).isStored).toBe(false);
    expect(flawsIn(last).length).toBeGreaterThan(0);
  });

  it("when it is set, counts unsealed records as missing, once", async () => {
    const { open } = openWorld();
    await open("HAM", "").get("/a");
    const far = open("NRT");
    expect((await answerOf(far, "/a")).isStored).toBe(false);
    expect((await answerOf(open("FRA"), "/a")).isStored).toBe(true);
  });
});
