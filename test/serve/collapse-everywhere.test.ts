// One forward in the world, by lease: three colos that share a database and a clock, and crowds in
// each of them. Timers are vitest's; the clock goes with them.
import { describe, expect, it } from "vitest";
import type { RouteInput } from "../../src/config-route.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { type AskInit, idle, openColos, read, type Seen, type Site } from "../fakes/harness.ts";
import {
  cc,
  closedGate,
  type Gate,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../fakes/origin-in-process.ts";
import { pass, playTimers } from "./two-colos.ts";

playTimers();

class Colos {
  readonly clock = new FakeClock();
  readonly upstash = new FakeUpstash(this.clock);
  readonly sites: Site[];

  constructor(script: Script, route: Partial<RouteInput> = {}, limits: object = {}) {
    const routes = [{ name: "all", match: "*", collapse: "global" as const, ...route }];
    this.sites = openColos(3, {
      clock: this.clock,
      upstash: this.upstash,
      config: { routes, limits },
      origin: script,
    });
  }

  get origin() {
    return this.first.origin;
  }

  get first(): Site {
    return this.sites[0]!;
  }

  ask(site: Site, init: AskInit = {}): Promise<Seen> {
    return site.ask("/a", init).then(read);
  }

  /** So many clients in each colo, all at once. */
  crowd(count = 20, init: (nth: number) => AskInit = () => ({})): Promise<Seen[]> {
    const each = Array.from({ length: count * this.sites.length }, (_, nth) => nth);
    return Promise.all(each.map((nth) => this.ask(this.sites[nth % 3]!, init(nth))));
  }

  async pass(seconds: number): Promise<void> {
    await idle();
    await pass(this.clock, seconds);
  }

  get leases(): string[] {
    return [...this.upstash.leases.values()].map(({ value }) => value);
  }
}

const fresh = cc("max-age=60");
const texts = (seen: readonly Seen[]) => Array.from(new Set(seen.map(({ text }) => text))).sort();
const told = (seen: readonly Seen[], what: string) =>
  seen.filter(({ cacheStatus }) => cacheStatus.includes(what)).length;

/** The origin's first answer waits for a gate. */
function behind(gate: Gate, script: Script): Script {
  return async (request, nth) => {
    if (nth === 1) await gate.opened;
    return script(request, nth);
  };
}

describe("a crowd in every colo", () => {
  it("costs one origin request, and all get its body", async () => {
    const gate = closedGate();
    const colos = new Colos(behind(gate, (_, nth) => page(`page ${nth}`, fresh)));
    const asking = colos.crowd();
    await colos.pass(1);
    expect(colos.origin.count).toBe(1);
    gate.open();
    await colos.pass(1);
    const seen = await asking;
    expect([colos.origin.count, texts(seen), told(seen, "collapsed")]).toEqual([1, ["page 1"], 59]);
    expect(colos.leases).toEqual([]);
  });

  it("costs three commands to take the lease and one to let it go", async () => {
    const colos = new Colos(() => page("page", fresh));
    await colos.first.get("/a");
    expect(colos.upstash.leaseCommands).toEqual(["SET", "GET", "EVAL"]);
    // The third of them looks at the record.
    expect(colos.upstash.commands).toEqual(["HMGET", "HGET", "HSET", "PEXPIRE"]);
    await colos.first.get("/a");
    expect(colos.upstash.leaseCommands).toHaveLength(3);
  });

  it("looks again once it has the lease: another may just have let it go", async () => {
    const colos = new Colos(() => page("page", fresh));
    const [near, far] = colos.sites as [Site, Site];
    // The other's fill comes between its look-up and its turn.
    colos.upstash.afterNext = async () => void (await near.get("/a"));
    const seen = await colos.ask(far);
    await colos.pass(1);
    expect([seen.text, colos.origin.count]).toEqual(["page", 1]);
    expect([told([seen], "collapsed"), colos.leases]).toEqual([1, []]);
  });

  it("gets what took longer to come than it lives, if it waited for it", async () => {
    const gate = closedGate();
    const colos = new Colos(behind(gate, (_, nth) => page(`page ${nth}`, cc("max-age=1"))));
    const asking = colos.crowd(5);
    await colos.pass(2);
    gate.open();
    await colos.pass(1);
    expect([texts(await asking), colos.origin.count]).toEqual([["page 1"], 1]);
  });

  it("gets its own variants: one forward each, though nobody knew that there are any", async () => {
    const gate = closedGate();
    const languages = ["de", "en"];
    const colos = new Colos(
      behind(gate, ({ headers }) =>
        page(`in ${headers.get("accept-language")}`, { ...fresh, vary: "accept-language" }),
      ),
    );
    const asking = colos.crowd(20, (nth) => ({
      headers: { "accept-language": languages[nth % 2] ?? "" },
    }));
    await colos.pass(1);
    gate.open();
    await colos.pass(2);
    const seen = await asking;
    expect([colos.origin.count, texts(seen)]).toEqual([2, ["in de", "in en"]]);
    expect(seen.every(({ text }, nth) => text === `in ${languages[nth % 2]}`)).toBe(true);
  });
});

describe("nobody waits for", () => {
  it.each([
    { id: "private", limits: {}, answer: () => page("own", cc("private")), word: "uncacheable" },
    { id: "not-admitted-yet", limits: {}, answer: () => page("gone", fresh, 404), status: 404 },
    {
      id: "too-large-to-share",
      limits: { sharedBodyBytes: 100 },
      answer: () => page("x".repeat(101), fresh),
    },
    {
      id: "too-large-to-buffer",
      limits: { bufferBytes: 100, sharedBodyBytes: 100 },
      answer: () => page("x".repeat(101), fresh),
    },
  ])("what cannot be shared: $id", async (row) => {
    const { limits, answer, status = 200, word = "nothing-to-share" } = row;
    const gate = closedGate();
    const colos = new Colos(behind(gate, answer), {}, limits);
    const asking = Promise.all(colos.sites.map((site) => colos.ask(site)));
    await colos.pass(1);
    expect(colos.origin.count).toBe(1);
    gate.open();
    // The next look at the lease tells, and it comes within half a second.
    await colos.pass(0.6);
    expect(colos.origin.count).toBe(3);
    expect((await asking).map((seen) => seen.status)).toEqual([status, status, status]);
    expect(colos.leases).toEqual([word]);
  });

  it("what is for one client alone, nor for another of its own colo to find out", async () => {
    const gate = closedGate();
    const colos = new Colos(behind(gate, () => page("own", cc("private"))));
    const { script } = colos.origin;
    let isHeld = false;
    colos.origin.script = async (request, nth) => {
      if (isHeld) await new Promise((resolve) => setTimeout(resolve, 5_000));
      return script(request, nth);
    };
    const asking = colos.crowd(5);
    await colos.pass(1);
    isHeld = true;
    gate.open();
    await colos.pass(1);
    expect(colos.origin.count).toBe(15);
    await colos.pass(5);
    expect((await asking).every(({ status }) => status === 200)).toBe(true);
  });

  it("a leader that died: its lease ends after three seconds", async () => {
    const colos = new Colos((_, nth) => page(`page ${nth}`, fresh));
    await colos.first.get("/a");
    const [recordKey = ""] = colos.upstash.keys;
    const leaseKey = recordKey.replace(":r:", ":lease:");
    await colos.pass(61);
    colos.upstash.leases.set(leaseKey, { value: "dead", untilAtMs: colos.clock.atMs + 3_000 });
    const asking = colos.crowd(5);
    await colos.pass(2.5);
    expect(colos.origin.count).toBe(1);
    await colos.pass(2);
    expect([colos.origin.count, texts(await asking)]).toEqual([2, ["page 2"]]);
  });

  it("longer than its patience, and then only one in each isolate goes itself", async () => {
    const gate = closedGate();
    const slow: Script = async (_, nth) => {
      await (nth === 1 ? new Promise(() => undefined) : gate.opened);
      return page(`page ${nth}`, fresh);
    };
    const colos = new Colos(slow, { patience: "2s" });
    const [, ...others] = colos.sites;
    void colos.ask(colos.first);
    await colos.pass(0.1);
    const asking = others.flatMap((site) => Array.from({ length: 5 }, () => colos.ask(site)));
    await colos.pass(1.8);
    expect(colos.origin.count).toBe(1);
    await colos.pass(1);
    gate.open();
    expect([colos.origin.count, told(await Promise.all(asking), "collapsed")]).toEqual([3, 8]);
  });

  it("a database that is down", async () => {
    const colos = new Colos((_, nth) => page(`page ${nth}`, fresh));
    colos.upstash.mode = "down";
    const seen = await colos.crowd(5);
    expect([colos.origin.count, new Set(seen.map(({ status }) => status))]).toEqual([
      3,
      new Set([200]),
    ]);
  });
});

describe("an origin that fails", () => {
  const both = cc("max-age=60, stale-if-error=600");

  it("fails once for all in a colo; another may reach it, and sees for itself", async () => {
    const gate = closedGate();
    const colos = new Colos(behind(gate, unreachable));
    const asking = colos.crowd(5);
    await colos.pass(1);
    gate.open();
    await colos.pass(1);
    const seen = await asking;
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([502]));
    // One request in each, and its retry.
    expect(colos.origin.count).toBe(3 * 2);
  });

  const failures: { id: string; script: Script; count: number }[] = [
    { id: "network", script: unreachable, count: 2 },
    { id: "status", script: () => page("error", {}, 503), count: 1 },
  ];

  it.each(failures)(
    "is asked once for all who have a stale answer: $id",
    async ({ script, count }) => {
      const colos = new Colos(() => page("old", both));
      for (const site of colos.sites) await site.get("/a");
      await colos.pass(61);
      const before = colos.origin.count;
      const gate = closedGate();
      colos.origin.script = async (request, nth) => {
        await gate.opened;
        return script(request, nth);
      };
      const asking = colos.crowd(5);
      await colos.pass(1);
      gate.open();
      await colos.pass(1);
      expect(texts(await asking)).toEqual(["old"]);
      expect(colos.origin.count - before).toBe(count);
    },
  );

  it("and takes its time: at the end of patience, a stale answer where one is allowed", async () => {
    const colos = new Colos(() => page("old", both), { patience: "2s" });
    for (const site of colos.sites) await site.get("/a");
    await colos.pass(61);
    const before = colos.origin.count;
    colos.origin.script = () => new Promise<Response>(() => undefined);
    void colos.ask(colos.first);
    await colos.pass(0.1);
    const [, ...others] = colos.sites;
    const asking = others.flatMap((site) => [colos.ask(site), colos.ask(site)]);
    await colos.pass(2.5);
    const seen = await Promise.all(asking);
    expect([texts(seen), colos.origin.count - before]).toEqual([["old"], 1]);
    expect(seen[0]?.cacheStatus).toBe("tidemark; fwd=stale; collapsed; detail=stale-if-error");
  });
});

describe("a slow origin", () => {
  const slowly =
    (script: Script): Script =>
    async (request, nth) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return script(request, nth);
    };

  it("of a page that is validated at every use: nobody queues for what nobody may share", async () => {
    const colos = new Colos(() => page("page", cc("no-cache", { etag: '"1"' })));
    for (const site of colos.sites) await site.get("/a");
    colos.origin.script = slowly(() => unchanged({ etag: '"1"' }));
    const beganAtMs = colos.clock.atMs;
    const tookMs: number[] = [];
    for (const site of colos.sites) {
      void colos.ask(site).then(() => tookMs.push(colos.clock.atMs - beganAtMs));
    }
    await colos.pass(4);
    expect([tookMs.length, Math.max(...tookMs) < 3_000]).toEqual([3, true]);
  });

  it("of a page in four languages: one forward for each in the world", async () => {
    const languages = ["de", "en", "fr", "it"];
    const colos = new Colos(
      slowly(({ headers }) =>
        page(`in ${headers.get("accept-language")}`, { ...fresh, vary: "accept-language" }),
      ),
    );
    const asking = colos.crowd(4, (nth) => ({
      headers: { "accept-language": languages[Math.floor(nth / 3)] ?? "" },
    }));
    await colos.pass(8);
    // One more where a lease is taken before it is known that there are variants.
    expect([texts(await asking).length, colos.origin.count <= 6]).toEqual([4, true]);
  });

  it("and a slow database: patience counts both", async () => {
    const colos = new Colos(() => new Promise<Response>(() => undefined), { patience: "3s" });
    void colos.ask(colos.first);
    await colos.pass(0.5);
    const { upstash, sites } = colos;
    const answer = upstash.answer.bind(upstash);
    upstash.answer = async (path, body) => {
      const answered = await answer(path, body);
      const isOfLease = JSON.stringify(body).includes(":lease:");
      if (isOfLease) await new Promise((resolve) => setTimeout(resolve, 800));
      return answered;
    };
    void colos.ask(sites[1]!);
    await colos.pass(4.5);
    expect(colos.origin.count).toBe(2);
  });
});

describe("a refresh behind stale answers", () => {
  const lasting = cc("max-age=60, stale-while-revalidate=600");

  it("is one in the world, and brings the new one to every colo", async () => {
    const colos = new Colos((_, nth) => page(`page ${nth}`, lasting));
    for (const site of colos.sites) await site.get("/a");
    expect(colos.origin.count).toBe(1);
    await colos.pass(61);
    const gate = closedGate();
    colos.origin.script = async (_, nth) => {
      await gate.opened;
      return page(`page ${nth}`, lasting);
    };
    expect(texts(await colos.crowd(5))).toEqual(["page 1"]);
    await colos.pass(1);
    expect([texts(await colos.crowd(5)), colos.origin.count]).toEqual([["page 1"], 2]);
    gate.open();
    await colos.pass(1);
    expect([texts(await colos.crowd(5)), colos.origin.count]).toEqual([["page 2"], 2]);
  });
});
