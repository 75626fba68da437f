// Tests `globalCollapse()` with crowds in three colos. A lock in Redis lets only
// one request of all colos go to the origin.
import { describe, expect, it } from "vitest";
import { type Site } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { behind, Colos, fresh, texts, told } from "../../../testing/site/crowded-colos.ts";
import { playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

describe("a page with crowds in three colos", () => {
  it("is requested once from the origin, and all clients get its body", async () => {
    const gate = closedGate();
    const colos = new Colos(behind(gate, (_, nth) => page(`page ${nth}`, fresh)));
    const asking = colos.crowd();
    await colos.pass(1);
    expect(colos.origin.count).toBe(1);
    gate.open();
    await colos.pass(1);
    const seen = await asking;
    expect([colos.origin.count, texts(seen), told(seen, "collapsed")]).toEqual([1, ["page 1"], 59]);
    expect(colos.locks).toEqual([]);
  });

  it("costs three commands to take the lock and one command to release it", async () => {
    const colos = new Colos(() => page("page", fresh));
    await colos.first.get("/a");
    expect(colos.upstash.lockCommands).toEqual(["SET", "GET", "EVAL"]);
    // One of the three commands reads the record again.
    expect(colos.upstash.commands).toEqual(["GETRANGE", "GETRANGE", "SET"]);
    await colos.first.get("/a");
    expect(colos.upstash.lockCommands).toHaveLength(3);
  });

  it("is looked up again after a request gets the lock, and may be a hit then", async () => {
    const colos = new Colos(() => page("page", fresh));
    const [near, far] = colos.sites as [Site, Site];
    // The near colo stores the page between the far colo's lookup and its lock.
    colos.upstash.afterNext = async () => void (await near.get("/a"));
    const seen = await colos.ask(far);
    await colos.pass(1);
    expect([seen.text, colos.origin.count]).toEqual(["page", 1]);
    expect([told([seen], "collapsed"), colos.locks]).toEqual([1, []]);
  });

  it("is requested once for each variant, although its variants were unknown", async () => {
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

describe("a slow origin", () => {
  const slowly =
    (script: Script): Script =>
    async (request, nth) => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      return script(request, nth);
    };

  it("delays no request by other colos if the page must be validated at each use", async () => {
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

  it("delays a request of another colo only by two seconds, even if Redis is slow", async () => {
    const colos = new Colos(() => new Promise<Response>(() => undefined));
    void colos.ask(colos.first);
    await colos.pass(0.5);
    const { upstash, sites } = colos;
    const answer = upstash.answer.bind(upstash);
    upstash.answer = async (path, body) => {
      const answered = await answer(path, body);
      const isOfLock = JSON.stringify(body).includes(":lock:");
      if (isOfLock) await new Promise((resolve) => setTimeout(resolve, 800));
      return answered;
    };
    void colos.ask(sites[1]!);
    await colos.pass(4.5);
    expect(colos.origin.count).toBe(2);
  });
});

describe("a refresh in the background of stale answers", () => {
  const lasting = cc("max-age=60, stale-while-revalidate=600");

  it("is one request for all colos, and all colos get the new page", async () => {
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
