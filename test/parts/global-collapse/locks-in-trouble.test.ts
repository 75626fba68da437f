// Tests crowds in three colos with `collapse: global` if the lock's holder brings no response to
// share: the response is not shareable, or the holder, Redis or the origin fails.
import { describe, expect, it } from "vitest";
import {
  cc,
  closedGate,
  page,
  type Script,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { behind, Colos, fresh, texts, told } from "../../../testing/site/crowded-colos.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

describe("a crowd that waits for a lock", () => {
  const large = () => page("x".repeat(101), fresh);

  it.each<[id: string, answer: Script, limits: object, word: string, count: number]>([
    // One of the four requests is anonymous. Its answer shows that no response can be shared.
    ["private", () => page("own", cc("private")), {}, "uncacheable", 4],
    ["not admitted yet", () => page("gone", fresh, 404), {}, "nothing-to-share", 3],
    ["too large to share", large, { sharedBodyBytes: 100 }, "nothing-to-share", 3],
    [
      "too large to buffer",
      large,
      { bufferBytes: 100, sharedBodyBytes: 100 },
      "nothing-to-share",
      3,
    ],
  ])(
    "goes to the origin within 0.6 s after a response that is not shared: %s",
    async (id, answer, limits, word, count) => {
      const status = id === "not admitted yet" ? 404 : 200;
      const gate = closedGate();
      const colos = new Colos(behind(gate, answer), {}, limits);
      const asking = Promise.all(colos.sites.map((site) => colos.ask(site)));
      await colos.pass(0.7);
      expect(colos.origin.count).toBe(1);
      gate.open();
      // Waiting requests read the lock at least every half second.
      await colos.pass(0.6);
      expect(colos.origin.count).toBe(count);
      expect((await asking).map((seen) => seen.status)).toEqual([status, status, status]);
      expect(colos.locks).toEqual([word]);
    },
  );

  it("sends at most one request per colo, after 0.8 s or later, if the holder is dead", async () => {
    const colos = new Colos((_, nth) => page(`page ${nth}`, fresh));
    await colos.first.get("/a");
    const [recordKey = ""] = colos.upstash.keys;
    const lockKey = recordKey.replace(":r:", ":lock:");
    await colos.pass(61);
    colos.upstash.locks.set(lockKey, { value: "dead", untilAtMs: colos.clock.atMs + 3_000 });
    const asking = colos.crowd(5);
    await colos.pass(0.8);
    expect(colos.origin.count).toBe(1);
    await colos.pass(2);
    expect(colos.origin.count).toBeLessThanOrEqual(1 + 3);
    expect((await asking).every(({ text }) => text.startsWith("page"))).toBe(true);
  });

  it("sends one request per other colo after two seconds at most if the holder hangs", async () => {
    const gate = closedGate();
    const slow: Script = async (_, nth) => {
      await (nth === 1 ? new Promise(() => undefined) : gate.opened);
      return page(`page ${nth}`, fresh);
    };
    const colos = new Colos(slow);
    const [, ...others] = colos.sites;
    void colos.ask(colos.first);
    await colos.pass(0.1);
    const asking = others.flatMap((site) => Array.from({ length: 5 }, () => colos.ask(site)));
    await colos.pass(0.8);
    expect(colos.origin.count).toBe(1);
    await colos.pass(1);
    gate.open();
    expect([colos.origin.count, told(await Promise.all(asking), "collapsed")]).toEqual([3, 10]);
  });

  it("sends one request per colo while Redis is down", async () => {
    const colos = new Colos((_, nth) => page(`page ${nth}`, fresh));
    colos.upstash.mode = "down";
    const seen = await colos.crowd(5);
    expect(colos.origin.count).toBe(3);
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe("an origin that fails for a crowd in three colos", () => {
  const both = cc("max-age=60, stale-if-error=600");

  it("gets a client's request, an anonymous request of each colo, and a retry of each", async () => {
    const gate = closedGate();
    const colos = new Colos(behind(gate, unreachable));
    await colos.meetOrigin();
    const asking = colos.crowd(5);
    await colos.pass(0.7);
    gate.open();
    await colos.pass(2);
    const seen = await asking;
    expect(new Set(seen.map(({ status }) => status))).toEqual(new Set([502]));
    // A client's request in one colo, an anonymous request in each colo, and their retries.
    expect(colos.origin.count).toBe((1 + 3) * 2);
  });

  const failures: { id: string; script: Script; count: number }[] = [
    { id: "network", script: unreachable, count: 2 * 2 },
    { id: "status", script: () => page("error", {}, 503), count: 2 },
  ];

  it.each(failures)(
    "gets one client's and one anonymous request if a stale answer is allowed: $id",
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
      await colos.pass(0.7);
      gate.open();
      await colos.pass(2);
      expect(texts(await asking)).toEqual(["old"]);
      expect(colos.origin.count - before).toBe(count);
    },
  );

  it("does not delay an allowed stale answer longer than ten seconds if it hangs", async () => {
    const colos = new Colos(() => page("old", both));
    for (const site of colos.sites) await site.get("/a");
    await colos.pass(61);
    const before = colos.origin.count;
    colos.origin.script = () => new Promise<Response>(() => undefined);
    void colos.ask(colos.first);
    await colos.pass(0.1);
    const [, ...others] = colos.sites;
    const asking = others.flatMap((site) => [colos.ask(site), colos.ask(site)]);
    await colos.pass(11);
    const seen = await Promise.all(asking);
    expect([texts(seen), colos.origin.count - before]).toEqual([["old"], 3]);
    expect(seen[0]?.cacheStatus).toBe("tidemark; fwd=stale; collapsed; detail=stale-if-error");
  });
});
