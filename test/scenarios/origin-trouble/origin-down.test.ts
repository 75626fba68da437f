// Tests a failing origin: stale answers, 503 while the origin has an open breaker, probes, retries and
// stalled bodies.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  type AskInit,
  idle,
  openSite,
  read,
  type Site,
  until,
} from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  never,
  page,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";

const lasting = cc("max-age=60, stale-if-error=600");

/** Opens a site whose origin has an open breaker after five failed pages. `/old` is stored and stale. */
async function downSite(): Promise<Site> {
  const site = openSite({ origin: () => page("old", lasting) });
  await site.get("/old");
  site.clock.advance(61);
  site.origin.script = unreachable;
  for (let nth = 0; nth < 5; nth += 1) await site.get(`/broken/${nth}`);
  return site;
}

describe("an origin that is down", () => {
  it("gets no request: stale pages answer, and other pages get 503 at once", async () => {
    const site = await downSite();
    const asked = site.origin.count;
    const [stale, other] = [await site.get("/old"), await site.get("/other")];
    expect(stale.text).toBe("old");
    expect(stale.cacheStatus).toBe("tidemark; hit; ttl=-1; detail=stale-if-error");
    expect([other.status, other.fields.get("retry-after")]).toEqual([503, "5"]);
    expect(other.text).toMatch(/^503 Service Unavailable\n/);
    expect(site.origin.count).toBe(asked);
  });

  it("causes at most two lookups in Redis a second if a failing page gets ten requests a second", async () => {
    const { near: site, clock, looks } = openPair({ origin: () => page("old", lasting) });
    await site.get("/old");
    clock.advance(61);
    site.origin.script = () => page("error", {}, 503);
    await site.get("/old");
    const before = looks();
    for (let tenth = 0; tenth < 30; tenth += 1) {
      clock.advance(0.1);
      expect((await site.get("/old")).text).toBe("old");
    }
    // In each second: one lookup for the clients, and one for the request in the background.
    expect(looks() - before).toBeLessThanOrEqual(2 * 4);
  });

  it.each<AskInit>([{ method: "POST" }, { headers: { authorization: "Bearer x" } }])(
    "still gets a request that bypasses the cache: %j",
    async (init) => {
      const site = await downSite();
      const asked = site.origin.count;
      site.origin.script = () => page("back");
      expect((await site.get("/me", init)).text).toBe("back");
      expect(site.origin.count).toBe(asked + 1);
      // The answer closes the breaker for all requests.
      expect((await site.get("/other")).text).toBe("back");
    },
  );

  it("gets one background probe for concurrent requests, and no client waits for the probe", async () => {
    const site = await downSite();
    const gate = closedGate();
    site.clock.advance(1);
    const asked = site.origin.count;
    site.origin.script = async () => {
      await gate.opened;
      return page("back", lasting);
    };
    const answers = await Promise.all(Array.from({ length: 10 }, () => site.ask("/other")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    await until(() => site.origin.count > asked);
    await idle();
    // A probe requests the last page that answered without an error, and the front page.
    const paths = site.origin.asked.slice(asked).map(({ path }) => path);
    expect(paths).toEqual(["/old", "/"]);
    gate.open();
    await site.settle();
    expect((await site.get("/other")).text).toBe("back");
  });

  it("gets one request from 50 clients after two requests of a probe that succeeds", async () => {
    const site = await downSite();
    site.clock.advance(1);
    const gate = closedGate();
    site.origin.script = async (_, nth) => {
      await gate.opened;
      return page(`page ${nth}`, lasting);
    };
    const before = site.origin.count;
    const answers = Array.from({ length: 50 }, () => site.ask("/old").then(read));
    await until(() => site.origin.count > before);
    gate.open();
    const texts = (await Promise.all(answers)).map(({ text }) => text);
    expect(texts.filter((text) => text === "old").length).toBeGreaterThan(40);
    await site.settle();
    // Two requests of the probe, and one more request for the page.
    expect([(await site.get("/old")).text, site.origin.count]).toEqual([
      `page ${before + 3}`,
      before + 3,
    ]);
  });
});

it("a stale response answers even if the purge view becomes too old during the origin request", async () => {
  const { near: site, clock } = openPair({ origin: () => page("old", lasting) });
  await site.get("/old");
  clock.advance(61);
  site.origin.script = () => {
    clock.advance(29);
    return unreachable();
  };
  expect((await site.get("/old")).text).toBe("old");
});

describe("a connection that breaks", () => {
  const once = (fields = {}) => {
    const site = openSite();
    site.origin.script = (_, nth) => (nth === 1 ? unreachable() : page("page", fields));
    return site;
  };

  it.each<[init: AskInit, status: number, count: number]>([
    [{}, 200, 2],
    [{ method: "HEAD" }, 200, 2],
    [{ headers: { authorization: "Bearer x" } }, 200, 2],
    // An unsafe request may have been processed.
    [{ method: "POST", body: "x" }, 502, 1],
    [{ method: "PUT" }, 502, 1],
    [{ method: "DELETE" }, 502, 1],
  ])(
    "%j gets status %i after a number of requests to the origin: %i",
    async (init, status, count) => {
      const site = once();
      expect([(await site.get("/a", init)).status, site.origin.count]).toEqual([status, count]);
    },
  );

  it("is followed by at most ten retries if the origin never answers", async () => {
    const site = openSite({ origin: unreachable });
    for (let nth = 0; nth < 20; nth += 1) await site.get("/same");
    expect(site.origin.count).toBe(30);
  });
});

describe("an origin that is slow", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    { id: "a small body", length: "1000", answeredAfterMs: 1_016 },
    { id: "a large body", length: "6553600", answeredAfterMs: 101_000 },
  ])("gets extra time for the upload of $id", async ({ length, answeredAfterMs }) => {
    const site = openSite({ origin: never, config: { originTimeout: "1s" } });
    let status: number | undefined;
    const headers = { "content-length": length };
    void site
      .get("/upload", { method: "POST", body: "sent slowly", headers })
      .then((answer) => (status = answer.status));
    await until(() => site.origin.count === 1);
    await vi.advanceTimersByTimeAsync(answeredAfterMs - 1);
    await idle();
    expect(status).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await idle();
    expect(status).toBe(504);
  });

  const stalling = (cancelled: () => void) =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode("half")),
      cancel: cancelled,
    });

  it.each([
    { id: "as-set", config: { originTimeout: { betweenBytes: "2s" } }, afterMs: 2_000 },
    { id: "default", config: {}, afterMs: 30_000 },
  ])("has its body cut and not stored if the body stalls: $id", async (row) => {
    const site = openSite({ config: row.config });
    let isCancelled = false;
    site.origin.script = () =>
      new Response(
        stalling(() => void (isCancelled = true)),
        { headers: cc("max-age=60") },
      );
    const body = site
      .ask("/a")
      .then((answer) => answer.text())
      .catch(String);
    await idle();
    await vi.advanceTimersByTimeAsync(row.afterMs - 1);
    await idle();
    expect(isCancelled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await idle();
    expect([await body, isCancelled]).toEqual([expect.stringContaining("stalled"), true]);
    await site.settle();
    site.origin.script = () => page("whole", cc("max-age=60"));
    expect((await site.get("/a")).text).toBe("whole");
  });

  it("gets the fields of a small body that is late before the body", async () => {
    const site = openSite({});
    const late = new TransformStream<Uint8Array, Uint8Array>();
    const headers = { ...cc("max-age=60"), "content-length": "4" };
    site.origin.script = () => new Response(late.readable, { headers });
    const asking = site.ask("/a");
    await idle();
    await vi.advanceTimersByTimeAsync(20);
    const answer = await asking;
    expect([answer.status, answer.headers.get("content-length")]).toEqual([200, "4"]);
    const writer = late.writable.getWriter();
    await writer.write(new TextEncoder().encode("late"));
    await writer.close();
    expect(await answer.text()).toBe("late");
    await site.settle();
    expect((await site.get("/a")).text).toBe("late");
    expect(site.origin.count).toBe(1);
  });
});
