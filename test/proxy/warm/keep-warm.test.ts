// The cron trigger's run: what is hot is refreshed into the shared tier before it expires, and
// nothing else is touched.
import { describe, expect, it, vi } from "vitest";
import { hottest } from "../../../src/proxy/warm/keep-warm.ts";
import type { HotKeyNote } from "../../../src/proxy/site/hot-key-note.ts";
import { idle, until } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  unchanged,
  unreachable,
  unreadable,
} from "../../../testing/fakes/origin-in-process.ts";
import {
  heat,
  hotKeyCounts,
  type HotSite,
  numbered,
  openHotSite,
  plant,
} from "../../../testing/site/hot-site.ts";

const url = (path: string) => `https://www.example.com${path}`;

const noteOf = (path: string, more: Partial<HotKeyNote> = {}): HotKeyNote => ({
  url: url(path),
  fields: [],
  cookie: "",
  expiresAtMs: 0,
  count: 2,
  ...more,
});

/** Both colos have it, and what they hold expires in a minute. */
async function heated(site: HotSite): Promise<HotSite> {
  const [near, far] = site.colos;
  await near.get("/a");
  await far.get("/a");
  await heat(near, ["/a"]);
  return site;
}

/** Through a colo of its own, whose read-back of the purge seconds later nobody here waits for. */
async function purge({ colos }: HotSite, mode: "hard" | "soft"): Promise<void> {
  const answer = await colos[2].ask("/_cache/purge", {
    method: "POST",
    body: JSON.stringify({ urls: [url("/a")], mode }),
    headers: { authorization: "Bearer admin-of-this-site" },
  });
  expect(answer.status).toBe(200);
  await idle();
}

describe("a hot key", () => {
  it("is refreshed before it expires, and answers from the shared tier everywhere", async () => {
    const site = await heated(openHotSite());
    const [near, far] = site.colos;
    const before = site.upstash.commands.length;
    await near.fireCron();
    expect(near.origin.count).toBe(2);
    expect(site.upstash.commands.slice(before)).toEqual(["GETRANGE", "SET"]);
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1, skipped: 0, failed: 0 });
    site.clock.advance(61);
    const seen = await far.get("/a");
    expect([seen.text, seen.cacheStatus]).toEqual([
      "page 2",
      "tidemark; hit; ttl=59; detail=shared",
    ]);
    expect(near.origin.count).toBe(2);
  });

  it("is asked for with its validators, so that nothing is sent that did not change", async () => {
    const origin = (request: Request) =>
      request.headers.has("if-none-match")
        ? unchanged(cc("max-age=120"))
        : page("page", cc("max-age=120", { etag: '"1"' }));
    const site = await heated(openHotSite({ origin }));
    const [near, far] = site.colos;
    await near.fireCron();
    expect(near.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1 });
    site.clock.advance(61);
    expect((await far.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=59; detail=shared");
    expect(near.origin.count).toBe(2);
  });

  it("is refreshed in the variant that is hot, and in no other", async () => {
    const site = openHotSite({
      origin: ({ headers }, nth) =>
        page(
          `${headers.get("accept-language")} ${nth}`,
          cc("max-age=120", { vary: "accept-language" }),
        ),
    });
    const [near, far] = site.colos;
    await near.get("/a", { headers: { "accept-language": "en" } });
    await heat(near, ["/a"], { headers: { "accept-language": "de", cookie: "_ga=1" } });
    await near.fireCron();
    expect(near.origin.count).toBe(3);
    expect(near.origin.last.fields.get("accept-language")).toBe("de");
    expect(near.origin.last.fields.has("cookie")).toBe(false);
    site.clock.advance(61);
    const german = await far.get("/a", { headers: { "accept-language": "de" } });
    expect([german.text, german.cacheStatus]).toEqual([
      "de 3",
      "tidemark; hit; ttl=59; detail=shared",
    ]);
  });

  it("that was purged is brought back new", async () => {
    const site = await heated(openHotSite());
    const [near, far] = site.colos;
    await purge(site, "hard");
    site.clock.advance(11);
    await near.fireCron();
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1 });
    const seen = await far.get("/a");
    expect([seen.text, seen.cacheStatus]).toEqual([
      "page 2",
      "tidemark; hit; ttl=120; detail=shared",
    ]);
  });

  it("that is purged while its origin answers is not brought back old", async () => {
    const gate = closedGate();
    const site = await heated(
      openHotSite({
        origin: async (_, nth) => {
          if (nth === 2) await gate.opened;
          return page(`page ${nth}`, cc("max-age=120"));
        },
      }),
    );
    const [near, far] = site.colos;
    const run = near.fireCron();
    await until(() => near.origin.count === 2);
    site.clock.advance(1);
    await purge(site, "hard");
    gate.open();
    await run;
    site.clock.advance(11);
    expect((await far.get("/a")).text).toBe("page 3");
    expect((await near.get("/a")).text).toBe("page 3");
  });

  it("that was softly purged is refreshed too", async () => {
    const site = await heated(openHotSite());
    await purge(site, "soft");
    site.clock.advance(11);
    await site.colos[0].fireCron();
    expect(await hotKeyCounts(site.colos[0])).toMatchObject({ refreshed: 1 });
  });
});

describe("nothing is asked of the origin for", () => {
  it("a key that nobody asks for often", async () => {
    const site = openHotSite();
    await site.colos[0].get("/cold");
    await site.colos[0].get("/cold");
    await heat(site.colos[0], ["/a"]);
    await site.colos[0].fireCron();
    expect(site.colos[0].origin.asked.map(({ path }) => path)).toEqual(["/cold", "/a", "/a"]);
  });

  it("a key past the number that is kept warm", async () => {
    const site = openHotSite({ config: { hotKeys: 1 } });
    plant(site, [noteOf("/a", { count: 3 }), noteOf("/b", { count: 4 })]);
    await site.colos[0].fireCron();
    expect(site.colos[0].origin.asked.map(({ path }) => path)).toEqual(["/b"]);
  });

  it("what lives beyond the next run but one, and no command either", async () => {
    const site = await heated(openHotSite({ origin: () => page("page", cc("max-age=151")) }));
    const [, , cold] = site.colos;
    const commands = site.upstash.commands.length;
    await cold.fireCron();
    expect([cold.origin.count, site.upstash.commands.length]).toEqual([1, commands]);
    site.clock.advance(2);
    await cold.fireCron();
    expect(cold.origin.count).toBe(2);
  });

  it("what another colo has brought into the shared tier meanwhile", async () => {
    const site = await heated(openHotSite());
    const [near, far] = site.colos;
    await near.fireCron();
    await far.fireCron();
    expect(near.origin.count).toBe(2);
    expect(await hotKeyCounts(far)).toMatchObject({ refreshed: 0, skipped: 1 });
  });

  it("what is under way already", async () => {
    const gate = closedGate();
    const site = await heated(
      openHotSite({
        origin: async (_, nth) => {
          if (nth === 2) await gate.opened;
          return page(`page ${nth}`, cc("max-age=120"));
        },
      }),
    );
    const [near] = site.colos;
    const first = near.fireCron();
    await until(() => near.origin.count === 2);
    plant(site, [noteOf("/a")]);
    const second = near.fireCron();
    await idle();
    gate.open();
    await Promise.all([first, second]);
    expect(near.origin.count).toBe(2);
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1, skipped: 1 });
  });

  it("what was told more than two minutes ago", async () => {
    const site = await heated(openHotSite());
    site.clock.advance(121);
    await site.colos[0].fireCron();
    expect(site.colos[0].origin.count).toBe(1);
  });

  it("what somebody else wrote into the stream, where no client could ask for it", async () => {
    const site = openHotSite();
    plant(site, [
      noteOf("/_cache/stats"),
      noteOf("/a", { url: "https://evil.example/a" }),
      noteOf("/a", { fields: [["authorization", "Bearer x"]] }),
      noteOf("/a", { fields: [["cf-connecting-ip", "127.0.0.1"]] }),
      noteOf("/a", { cookie: "session=ada" }),
      { url: 5 },
    ]);
    plant(site, "{");
    await site.colos[0].fireCron();
    expect(site.colos[0].origin.count).toBe(0);
    expect(site.upstash.commands).toEqual([]);
    expect(await hotKeyCounts(site.colos[0])).toMatchObject({ failed: 5, refreshed: 0 });
  });

  it("anything, while it is off", async () => {
    const site = openHotSite({ config: { hotKeys: 0 } });
    plant(site, [noteOf("/a")]);
    await site.colos[0].fireCron();
    expect([site.colos[0].origin.count, site.upstash.hotCommands]).toEqual([0, []]);
  });
});

describe("the run", () => {
  it("costs one command where nothing is hot, and a second once an hour", async () => {
    const { colos, upstash, clock } = openHotSite();
    for (let minute = 0; minute < 60; minute += 1) {
      await colos[0].fireCron();
      clock.advance(60);
    }
    const names = upstash.hotCommands.map(([name]) => String(name).toUpperCase());
    expect(names.filter((name) => name === "XREVRANGE")).toHaveLength(60);
    expect(names.filter((name) => name === "PEXPIRE")).toHaveLength(1);
    expect(upstash.hotCommands.map(([, key]) => key)).toEqual(
      Array.from({ length: 61 }, () => "tidemark:hot"),
    );
    expect(upstash.commands).toEqual([]);
  });

  it("reads hot keys also in the minute in which the expiry is renewed", async () => {
    const site = openHotSite();
    site.clock.advance(3_300);
    plant(site, [noteOf("/a")]);
    await site.colos[0].fireCron();
    expect(site.upstash.hotCommands.map(([name]) => String(name).toUpperCase())).toEqual([
      "XREVRANGE",
      "PEXPIRE",
    ]);
    expect(site.colos[0].origin.count).toBe(1);
  });

  it("comes to nothing while Redis is down, and throws nothing", async () => {
    for (const mode of ["down", "refuses"] as const) {
      const site = await heated(openHotSite());
      site.upstash.mode = mode;
      await site.colos[0].fireCron();
      const told = expect.stringMatching(/^Shared tier: The database /) as string;
      expect([site.colos[0].origin.count, site.colos[0].log]).toEqual([1, [told]]);
      site.upstash.mode = "works";
      site.clock.advance(1);
      await site.colos[0].fireCron();
      expect(site.colos[0].origin.count).toBe(2);
    }
  });

  it("leaves one whose origin fails as it is, and goes on with the others", async () => {
    for (const fail of [unreachable, () => page("sorry", cc("max-age=600"), 503)]) {
      const site = openHotSite();
      const [near] = site.colos;
      await heat(near, ["/a", "/b"]);
      near.origin.script = (request, nth) =>
        request.url.endsWith("/a") ? fail() : numbered(request, nth);
      await near.fireCron();
      expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1, failed: 1 });
      expect((await near.get("/a")).text).toBe("page 1");
      // Either may be first, and what failed may have been asked for twice.
      expect((await near.get("/b")).text).toMatch(/^page [345]$/);
    }
  });

  it("counts and logs a fault of ours, and goes on with the others", async () => {
    const site = openHotSite();
    const [near] = site.colos;
    await heat(near, ["/a", "/b"]);
    near.origin.script = (request, nth) =>
      request.url.endsWith("/a") ? unreadable() : numbered(request, nth);
    await near.fireCron();
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1, failed: 1 });
    expect(near.log).toEqual([
      expect.stringMatching(/^Background work failed with RangeError: at /),
    ]);
  });

  it.each(["answers", "sends its bodies"])(
    "asks for four at once, the hottest first, until its origin %s",
    async (does) => {
      const gate = closedGate();
      const late = () =>
        new ReadableStream({
          async pull(body) {
            await gate.opened;
            body.close();
          },
        });
      const site = openHotSite({
        origin: async () => {
          if (does === "answers") await gate.opened;
          return new Response(late(), { headers: cc("max-age=120") });
        },
      });
      const [near] = site.colos;
      const paths = Array.from({ length: 6 }, (_, at) => `/${at}`);
      plant(
        site,
        paths.map((path, at) => noteOf(path, { count: 10 + at })),
      );
      const run = near.fireCron();
      await idle();
      const asked = near.origin.asked.map(({ path }) => path);
      expect(asked.toSorted()).toEqual(["/2", "/3", "/4", "/5"]);
      gate.open();
      await run;
      expect(near.origin.count).toBe(6);
    },
  );

  it("begins nothing after 25 s, and ends by then", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const gate = closedGate();
      const site = openHotSite({
        config: { originTimeout: "60s" },
        origin: async () => {
          await gate.opened;
          return page("page", cc("max-age=120"));
        },
      });
      const [near] = site.colos;
      plant(
        site,
        Array.from({ length: 6 }, (_, at) => noteOf(`/${at}`)),
      );
      let isOver = false;
      const run = near.runCron().then(() => (isOver = true));
      await idle();
      site.clock.advance(25);
      await vi.advanceTimersByTimeAsync(24_999);
      expect(isOver).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      await run;
      gate.open();
      await near.settle();
      await idle();
      expect(near.origin.count).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the hottest", () => {
  it("is summed over all that was told, with the earliest expiry", () => {
    const notes = [
      noteOf("/a", { count: 3, expiresAtMs: 5 }),
      noteOf("/b", { count: 4 }),
      noteOf("/a", { count: 3, expiresAtMs: 4 }),
      noteOf("/a", { count: 1, cookie: "currency=EUR" }),
    ];
    expect(hottest(notes, 10)).toEqual([
      noteOf("/a", { count: 6, expiresAtMs: 4 }),
      noteOf("/b", { count: 4 }),
    ]);
    expect(hottest(notes, 1)).toHaveLength(1);
  });
});
