// What one isolate still holds, or is still fetching, after another has replaced, ended or
// invalidated it: it must not come back to the edge or to Redis by way of that isolate.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { RouteInput } from "../../../src/config/route-schema.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { type AskInit, idle, openColos, read, type Site } from "../../../testing/site/harness.ts";
import { cc, closedGate, page, type Script } from "../../../testing/fakes/origin-in-process.ts";

/** Three isolates of one colo, and one elsewhere. */
class Isolates {
  readonly clock = new FakeClock();
  readonly upstash = new FakeUpstash(this.clock);
  readonly near: Site;
  readonly beside: Site;
  readonly cold: Site;
  readonly far: Site;

  constructor(origin: Script, route: Partial<RouteInput> = {}, config: ConfigInput = {}) {
    const routes = [{ name: "all", match: "*", ...route }];
    const { clock, upstash } = this;
    const env = { ADMIN_TOKEN: "admin-of-this-site" };
    const opened = openColos(4, { clock, upstash, origin, env, config: { routes, ...config } });
    [this.near, this.beside, this.cold, this.far] = opened as [Site, Site, Site, Site];
    Object.assign(this.beside, { cache: this.near.cache });
    Object.assign(this.cold, { cache: this.near.cache });
  }

  async post(site: Site): Promise<void> {
    this.clock.advance(1);
    await site.get("/a", { method: "POST" });
    this.clock.advance(1);
  }

  async purge(mode: "hard" | "soft"): Promise<void> {
    this.clock.advance(1);
    const body = JSON.stringify({ urls: ["https://www.example.com/a"], mode });
    const headers = { authorization: "Bearer admin-of-this-site" };
    const purged = await this.near.ask("/_cache/purge", { method: "POST", headers, body });
    if (purged.status !== 200) throw new Error(`The purge was answered ${purged.status}.`);
    await purged.text();
    await idle();
    this.clock.advance(1);
  }
}

describe("a second ask", () => {
  /** Nothing at first; a page once it was made. */
  function madeLater(): { origin: Script; make: () => void } {
    let exists = false;
    const make = () => void (exists = true);
    const origin: Script = ({ method }) => {
      if (method === "POST") make();
      return exists ? page("page", cc("max-age=600")) : page("nothing", cc("max-age=60"), 404);
    };
    return { origin, make };
  }

  it("does not put an older 404 in the place of a newer page", async () => {
    const isolates = new Isolates(madeLater().origin);
    const { near, beside, cold, far } = isolates;
    await beside.get("/a");
    await isolates.post(near);
    expect((await near.get("/a")).status).toBe(200);
    // Its own memory may keep it; others must not get it.
    expect((await beside.get("/a")).status).toBe(404);
    expect([(await cold.get("/a")).status, (await far.get("/a")).status]).toEqual([200, 200]);
  });

  it.each(["hard", "soft"] as const)("nor after a purge that is %s", async (mode) => {
    const { origin, make } = madeLater();
    const route = { staleWhileRevalidate: "60s" };
    const isolates = new Isolates(origin, route);
    const { near, beside, far } = isolates;
    await beside.get("/other");
    await beside.get("/a");
    make();
    await isolates.purge(mode);
    await near.get("/a");
    expect((await near.get("/a")).status).toBe(200);
    const before = near.origin.count;
    expect((await beside.get("/a")).status).toBe(404);
    expect([(await far.get("/a")).status, near.origin.count]).toEqual([200, before]);
  });

  it("does not bring back what an unsafe method has invalidated", async () => {
    const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=600"));
    const isolates = new Isolates(numbered, { admission: "second-ask" });
    const { near, beside, cold, far } = isolates;
    await beside.get("/a");
    await isolates.post(near);
    expect((await beside.get("/a")).text).toBe("page 1");
    for (const site of [cold, far]) expect((await site.get("/a")).text).not.toBe("page 1");
  });

  it("nor what its origin has ended", async () => {
    let fields = cc("max-age=600");
    const numbered: Script = (_, nth) => page(`page ${nth}`, fields);
    const route = { admission: "second-ask" as const };
    const isolates = new Isolates(numbered, route, { honourRequestDirectives: true });
    const { near, beside, cold, far, clock } = isolates;
    await beside.get("/a");
    fields = cc("private");
    clock.advance(1);
    await near.get("/a", { headers: { "cache-control": "no-cache" } });
    clock.advance(1);
    await beside.get("/a");
    for (const site of [cold, far]) expect((await site.get("/a")).text).not.toBe("page 1");
  });

  it("that Redis does not take is made up for by a later one", async () => {
    const { near, beside, upstash, clock } = new Isolates(() => page("page", cc("max-age=600")), {
      admission: "second-ask",
    });
    await near.get("/a");
    upstash.mode = "down";
    await near.get("/a");
    upstash.mode = "works";
    clock.advance(60);
    for (let nth = 0; nth < 3; nth += 1) {
      await near.get(`/other/${nth}`);
      await near.get("/a");
      await beside.get("/a");
    }
    expect(upstash.text).toContain('https://www.example.com/a"');
  });

  it.each([200, 300, 900])(
    "is not waited for by %i KiB that nobody could admit later",
    async (kib) => {
      const { near, upstash } = new Isolates(
        () => page("x".repeat(kib * 1_024), cc("max-age=600")),
        {
          admission: "second-ask",
        },
      );
      await near.get("/a");
      await near.get("/a");
      expect(upstash.keys).toHaveLength(1);
    },
  );
});

describe("a fill that was under way when an unsafe method came", () => {
  it.each([
    { id: "whole", limits: {} },
    { id: "streamed", limits: { bufferBytes: 1, sharedBodyBytes: 1 } },
  ])("does not land in edge and Redis after it: $id", async ({ limits }) => {
    const gate = closedGate();
    let content = "old";
    const origin: Script = async ({ method }, nth) => {
      if (method === "POST") content = "new";
      const text = content;
      if (nth === 1) await gate.opened;
      return page(text, cc("max-age=600"));
    };
    const isolates = new Isolates(origin, {}, { limits });
    const { near, beside, far } = isolates;
    const slow = near.ask("/a").then(read);
    await idle();
    isolates.clock.advance(1);
    await read(await near.ask("/a", { method: "POST" }));
    await idle();
    isolates.clock.advance(1);
    gate.open();
    await slow;
    await near.settle();
    for (const site of [beside, far]) expect((await site.get("/a")).text).toBe("new");
  });
});

describe("invalidated variants", () => {
  const as = (language: string): AskInit => ({ headers: { "accept-language": language } });
  const translated: Script = ({ headers }, nth) =>
    page(
      `${headers.get("accept-language")} ${nth}`,
      cc("max-age=600", { vary: "accept-language" }),
    );

  it.each(["cold", "far"] as const)(
    "stay gone when another isolate fills one more: %s",
    async (reader) => {
      const isolates = new Isolates(translated);
      const { near, beside } = isolates;
      await beside.get("/a", as("en"));
      expect((await beside.get("/a", as("fr"))).text).toBe("fr 2");
      await isolates.post(near);
      await beside.get("/a", as("de"));
      expect((await isolates[reader].get("/a", as("fr"))).text).not.toBe("fr 2");
    },
  );

  it("stay gone here, though the note of it was pushed out by others", async () => {
    const isolates = new Isolates(translated);
    const { near } = isolates;
    await near.get("/a", as("en"));
    expect((await near.get("/a", as("fr"))).text).toBe("fr 2");
    await isolates.post(near);
    const filler = "x".repeat(1_000);
    for (let nth = 0; nth < 800; nth += 1) {
      await read(await near.ask(`/${nth}${filler}`, { method: "POST" }));
    }
    await near.settle();
    isolates.clock.advance(1);
    await near.get("/a", as("en"));
    const { text, cacheStatus } = await near.get("/a", as("fr"));
    expect([text === "fr 2", cacheStatus]).toEqual([
      false,
      'tidemark; fwd=vary-miss; fwd-status=200; stored; detail="vary: accept-language"',
    ]);
  }, 60_000);
});
