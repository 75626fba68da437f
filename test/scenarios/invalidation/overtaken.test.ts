// Tests an isolate that still holds or fetches a response after another isolate has replaced, ended
// or invalidated the response. The isolate must not store it in the edge tier or in Redis again.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { RouteInput } from "../../../src/config/route-options.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { type AskInit, idle, openColos, read, type Site } from "../../../testing/site/harness.ts";
import { cc, closedGate, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { adminToken, send } from "../../../testing/site/purge-sender.ts";

const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=600"));
const secondAsk = { admission: "second-ask" } as const;

/** Opens three isolates of one colo, and one in another colo. */
function open(origin: Script, route: Partial<RouteInput> = {}, more: ConfigInput = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const config = { routes: [{ name: "all", match: "*", ...route }], ...more };
  const options = { clock, upstash, origin, env: { ADMIN_TOKEN: adminToken }, config };
  const [near, beside, cold, far] = openColos(4, options) as [Site, Site, Site, Site];
  for (const site of [beside, cold]) Object.assign(site, { cache: near.cache });
  const post = async () => {
    clock.advance(1);
    await near.get("/a", { method: "POST" });
    clock.advance(1);
  };
  return { clock, upstash, near, beside, cold, far, post };
}

describe("a second request in an isolate with an old response", () => {
  /** Returns an origin that answers 404 until `make` or a POST creates its page. */
  function madeLater(): { origin: Script; make: () => void } {
    let exists = false;
    const make = () => void (exists = true);
    const origin: Script = ({ method }) => {
      if (method === "POST") make();
      return exists ? page("page", cc("max-age=600")) : page("nothing", cc("max-age=60"), 404);
    };
    return { origin, make };
  }

  it("does not replace another isolate's newer page with its older 404", async () => {
    const { near, beside, cold, far, post } = open(madeLater().origin);
    await beside.get("/a");
    await post();
    expect((await near.get("/a")).status).toBe(200);
    // This isolate may still use its own copy, but must not store the copy for other isolates.
    expect((await beside.get("/a")).status).toBe(404);
    for (const site of [cold, far]) expect((await site.get("/a")).status).toBe(200);
  });

  it.each(["hard", "soft"] as const)("keeps a newer page after a %s purge", async (mode) => {
    const { origin, make } = madeLater();
    const { clock, near, beside, far } = open(origin, { staleWhileRevalidate: "60s" });
    await beside.get("/other");
    await beside.get("/a");
    make();
    clock.advance(1);
    expect((await send(near, { urls: ["https://www.example.com/a"], mode })).status).toBe(200);
    await idle();
    clock.advance(1);
    await near.get("/a");
    expect((await near.get("/a")).status).toBe(200);
    const before = near.origin.count;
    expect((await beside.get("/a")).status).toBe(404);
    expect([(await far.get("/a")).status, near.origin.count]).toEqual([200, before]);
  });

  it("does not store an invalidated response again", async () => {
    const { beside, cold, far, post } = open(numbered, secondAsk);
    await beside.get("/a");
    await post();
    expect((await beside.get("/a")).text).toBe("page 1");
    for (const site of [cold, far]) expect((await site.get("/a")).text).not.toBe("page 1");
  });

  it("does not store a response again that the origin has made private", async () => {
    let fields = cc("max-age=600");
    const opened = open((_, nth) => page(`page ${nth}`, fields), {
      ...secondAsk,
      honourRequestDirectives: true,
    });
    const { clock, near, beside, cold, far } = opened;
    await beside.get("/a");
    fields = cc("private");
    clock.advance(1);
    await near.get("/a", { headers: { "cache-control": "no-cache" } });
    clock.advance(1);
    await beside.get("/a");
    for (const site of [cold, far]) expect((await site.get("/a")).text).not.toBe("page 1");
  });

  it("stores the response in Redis later if Redis was down", async () => {
    const { clock, upstash, near, beside } = open(numbered, secondAsk);
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

  it.each([200, 300, 900])("stores a body of %i KiB in Redis", async (kib) => {
    const body = "x".repeat(kib * 1_024);
    const { near, upstash } = open(() => page(body, cc("max-age=600")), secondAsk);
    for (const _ of ["first", "second"]) await near.get("/a");
    expect(upstash.keys).toHaveLength(1);
  });
});

it.each([
  { id: "whole", limits: {} },
  { id: "streamed", limits: { bufferBytes: 1, sharedBodyBytes: 1 } },
])("a fill in progress during an unsafe request stays in its isolate: $id", async ({ limits }) => {
  const gate = closedGate();
  let content = "old";
  const origin: Script = async ({ method }, nth) => {
    if (method === "POST") content = "new";
    const text = content;
    if (nth === 1) await gate.opened;
    return page(text, cc("max-age=600"));
  };
  const { clock, near, beside, far } = open(origin, {}, { limits });
  const slow = near.ask("/a").then(read);
  await idle();
  clock.advance(1);
  await read(await near.ask("/a", { method: "POST" }));
  await idle();
  clock.advance(1);
  gate.open();
  await slow;
  await near.settle();
  for (const site of [beside, far]) expect((await site.get("/a")).text).toBe("new");
});

describe("invalidated variants", () => {
  const as = (language: string): AskInit => ({ headers: { "accept-language": language } });
  const translated: Script = ({ headers }, nth) => {
    const text = `${headers.get("accept-language")} ${nth}`;
    return page(text, cc("max-age=600", { vary: "accept-language" }));
  };

  it.each(["cold", "far"] as const)("stay gone after a new variant's fill: %s", async (reader) => {
    const opened = open(translated);
    const { beside } = opened;
    await beside.get("/a", as("en"));
    expect((await beside.get("/a", as("fr"))).text).toBe("fr 2");
    await opened.post();
    await beside.get("/a", as("de"));
    expect((await opened[reader].get("/a", as("fr"))).text).not.toBe("fr 2");
  });

  it("stay gone in this isolate after 800 other invalidations", async () => {
    const { clock, near, post } = open(translated);
    await near.get("/a", as("en"));
    expect((await near.get("/a", as("fr"))).text).toBe("fr 2");
    await post();
    const filler = "x".repeat(1_000);
    for (let nth = 0; nth < 800; nth += 1) {
      await read(await near.ask(`/${nth}${filler}`, { method: "POST" }));
    }
    await near.settle();
    clock.advance(1);
    await near.get("/a", as("en"));
    const { text, cacheStatus } = await near.get("/a", as("fr"));
    const told = 'tidemark; fwd=vary-miss; fwd-status=200; stored; detail="vary: accept-language"';
    expect([text === "fr 2", cacheStatus]).toEqual([false, told]);
  }, 60_000);
});
