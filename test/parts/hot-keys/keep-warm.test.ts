// Tests the warming of hot keys by the cron trigger. Each run refreshes often requested pages in
// the shared tier (Redis) before they expire, and requests no other page.
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import { describe, expect, it, vi } from "vitest";
import { hottest } from "../../../src/parts/hot-keys/keep-warm.ts";
import type { HotKeyNote } from "../../../src/parts/hot-keys/note.ts";
import { type AskInit, idle, type Site, until } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
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
  siteEnv,
} from "./hot-site.ts";

const url = (path: string) => `https://www.example.com${path}`;

const noteOf = (path: string, more: Partial<HotKeyNote> = {}): HotKeyNote => ({
  url: url(path),
  fields: [],
  expiresAtMs: 0,
  count: 2,
  ...more,
});

/** Stores `/a` in two colos and makes it hot. The page expires in about a minute. */
async function heated(site = openHotSite()): Promise<HotSite> {
  const [near, far] = site.colos;
  await near.get("/a");
  await far.get("/a");
  await heat(near, ["/a"]);
  return site;
}

/** Returns a heated site whose origin holds back its second answer until the gate opens. */
async function gated() {
  const gate = closedGate();
  const origin: Script = async (_, nth) => {
    if (nth === 2) await gate.opened;
    return page(`page ${nth}`, cc("max-age=120"));
  };
  return { gate, site: await heated(openHotSite({ origin })) };
}

/** Purges `/a` in a third colo. The test does not wait until that colo reads the purge back. */
async function purge({ colos }: HotSite, mode: "hard" | "soft"): Promise<void> {
  const answer = await colos[2].ask("/_cache/purge", {
    method: "POST",
    body: JSON.stringify({ urls: [url("/a")], mode }),
    headers: { authorization: `Bearer ${siteEnv.ADMIN_TOKEN}` },
  });
  expect(answer.status).toBe(200);
  await idle();
}

async function expectAnswer(site: Site, expected: [text: string, from: string], init?: AskInit) {
  const { text, cacheStatus } = await site.get("/a", init);
  expect([text, cacheStatus]).toEqual([expected[0], `tidemark; ${expected[1]}`]);
}

const askedPaths = ({ origin }: Site) => origin.asked.map(({ path }) => path);
const upperNames = (commands: readonly (readonly unknown[])[]) =>
  commands.map(([name]) => String(name).toUpperCase());

describe("a hot key", () => {
  it("is refreshed before it expires, and answers from the shared tier everywhere", async () => {
    const site = await heated();
    const [near, far] = site.colos;
    const before = site.upstash.commands.length;
    await near.fireCron();
    expect(near.origin.count).toBe(2);
    expect(site.upstash.commands.slice(before)).toEqual(["GETRANGE", "SET"]);
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1, skipped: 0, failed: 0 });
    site.clock.advance(61);
    await expectAnswer(far, ["page 2", "hit; ttl=59; detail=shared"]);
    expect(near.origin.count).toBe(2);
  });

  it("is refreshed by a conditional request if a refresh has fetched its validator", async () => {
    const origin = (request: Request) =>
      request.headers.has("if-none-match")
        ? unchanged(cc("max-age=120"))
        : page("page", cc("max-age=120", { etag: '"1"' }));
    const site = await heated(openHotSite({ origin }));
    const [near, far] = site.colos;
    await near.fireCron();
    expect(near.origin.last.fields.has("if-none-match")).toBe(false);
    await heated(site);
    await near.fireCron();
    expect(near.origin.last.fields.get("if-none-match")).toBe('"1"');
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 2 });
    site.clock.advance(61);
    expect((await far.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=59; detail=shared");
    expect(near.origin.count).toBe(3);
  });

  it("is refreshed only in its hot variant", async () => {
    const fields = cc("max-age=120", { vary: "accept-language" });
    const site = openHotSite({
      origin: ({ headers }, nth) => page(`${headers.get("accept-language")} ${nth}`, fields),
    });
    const [near, far] = site.colos;
    await near.get("/a", { headers: { "accept-language": "en" } });
    await heat(near, ["/a"], { headers: { "accept-language": "de", cookie: "_ga=1" } });
    await near.fireCron();
    expect(near.origin.count).toBe(3);
    expect(near.origin.last.fields.get("accept-language")).toBe("de");
    expect(near.origin.last.fields.has("cookie")).toBe(false);
    site.clock.advance(61);
    const german = { headers: { "accept-language": "de" } };
    await expectAnswer(far, ["de 3", "hit; ttl=59; detail=shared"], german);
  });

  it("is refreshed only in its hot class of Accept, without a client's own field", async () => {
    const typeFor = ({ headers }: Request) =>
      headers.get("accept")?.startsWith("text/markdown") === true ? "text/markdown" : "text/html";
    const site = openHotSite({
      origin: (request, nth) =>
        page(`${typeFor(request)} ${nth}`, cc("max-age=120", { "content-type": typeFor(request) })),
    });
    const [near, far] = site.colos;
    const agent = { headers: { accept: "text/markdown, text/html;q=0.5, x/ada" } };
    await near.get("/a", agent);
    await near.get("/a");
    await heat(near, ["/a"], agent);
    await near.fireCron();
    expect(near.origin.count).toBe(3);
    const { fields } = near.origin.last;
    expect([fields.get("accept"), fields.has("accept!class")]).toEqual([
      "text/markdown, */*;q=0.1",
      false,
    ]);
    site.clock.advance(61);
    await expectAnswer(far, ["text/markdown 3", "hit; ttl=59; detail=shared"], agent);
  });

  it("is refreshed after a purge", async () => {
    const site = await heated();
    const [near, far] = site.colos;
    await purge(site, "hard");
    site.clock.advance(11);
    await near.fireCron();
    expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1 });
    await expectAnswer(far, ["page 2", "hit; ttl=120; detail=shared"]);
  });

  it("does not answer from a refresh during which it was purged", async () => {
    const { gate, site } = await gated();
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

  it("is refreshed after a soft purge", async () => {
    const site = await heated();
    await purge(site, "soft");
    site.clock.advance(11);
    await site.colos[0].fireCron();
    expect(await hotKeyCounts(site.colos[0])).toMatchObject({ refreshed: 1 });
  });
});

describe("a key that needs no refresh", () => {
  it("causes no request to the origin if it is requested rarely", async () => {
    const site = openHotSite();
    await site.colos[0].get("/cold");
    await site.colos[0].get("/cold");
    await heat(site.colos[0], ["/a"]);
    await site.colos[0].fireCron();
    expect(askedPaths(site.colos[0])).toEqual(["/cold", "/a", "/a"]);
  });

  it("causes no request to the origin if hotKeys other keys are hotter", async () => {
    const site = openHotSite({ config: { parts: [hotKeys(1)] } });
    plant(site, [noteOf("/a", { count: 3 }), noteOf("/b", { count: 4 })]);
    await site.colos[0].fireCron();
    expect(askedPaths(site.colos[0])).toEqual(["/b"]);
  });

  it("causes no request and no Redis command if it expires after the next run but one", async () => {
    const site = await heated(openHotSite({ origin: () => page("page", cc("max-age=151")) }));
    const [, , cold] = site.colos;
    const commands = site.upstash.commands.length;
    await cold.fireCron();
    expect([cold.origin.count, site.upstash.commands.length]).toEqual([1, commands]);
    site.clock.advance(2);
    await cold.fireCron();
    expect(cold.origin.count).toBe(2);
  });

  it("causes no request to the origin if another colo has already refreshed it", async () => {
    const site = await heated();
    const [near, far] = site.colos;
    await near.fireCron();
    await far.fireCron();
    expect(near.origin.count).toBe(2);
    expect(await hotKeyCounts(far)).toMatchObject({ refreshed: 0, skipped: 1 });
  });

  it("causes no second request to the origin while another run refreshes it", async () => {
    const { gate, site } = await gated();
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

  it("causes no request to the origin if its note is older than two minutes", async () => {
    const site = await heated();
    site.clock.advance(121);
    await site.colos[0].fireCron();
    expect(site.colos[0].origin.count).toBe(1);
  });

  it("causes no request to the origin if no client could send the request of its note", async () => {
    const site = openHotSite();
    plant(site, [
      noteOf("/_cache/stats"),
      noteOf("/a", { url: "https://evil.example/a" }),
      noteOf("/a", { fields: [["authorization", "Bearer x"]] }),
      noteOf("/a", { fields: [["cf-connecting-ip", "127.0.0.1"]] }),
      noteOf("/a", { fields: [["cookie", "session=ada"]] }),
      { url: 5 },
    ]);
    plant(site, "{");
    await site.colos[0].fireCron();
    expect(site.colos[0].origin.count).toBe(0);
    expect(site.upstash.commands).toEqual([]);
    expect(await hotKeyCounts(site.colos[0])).toMatchObject({ failed: 5, refreshed: 0 });
  });

  it("causes no request and no Redis command without the part", async () => {
    const site = openHotSite({ config: { parts: [] } });
    plant(site, [noteOf("/a")]);
    await site.colos[0].fireCron();
    expect([site.colos[0].origin.count, site.upstash.hotCommands]).toEqual([0, []]);
  });
});

describe("a run of the cron trigger", () => {
  it("costs one Redis command if no key is hot, and a second command once an hour", async () => {
    const { colos, upstash, clock } = openHotSite();
    for (let minute = 0; minute < 60; minute += 1) {
      await colos[0].fireCron();
      clock.advance(60);
    }
    const names = upperNames(upstash.hotCommands);
    expect(names.filter((name) => name === "XREVRANGE")).toHaveLength(60);
    expect(names.filter((name) => name === "PEXPIRE")).toHaveLength(1);
    expect(upstash.hotCommands).toHaveLength(61);
    expect(new Set(upstash.hotCommands.map(([, key]) => key))).toEqual(new Set(["tidemark:hot"]));
    expect(upstash.commands).toEqual([]);
  });

  it("reads hot keys also in the minute in which the expiry is renewed", async () => {
    const site = openHotSite();
    site.clock.advance(3_300);
    plant(site, [noteOf("/a")]);
    await site.colos[0].fireCron();
    expect(upperNames(site.upstash.hotCommands)).toEqual(["XREVRANGE", "PEXPIRE"]);
    expect(site.colos[0].origin.count).toBe(1);
  });

  it("requests nothing and does not throw while Redis is down", async () => {
    for (const mode of ["down", "refuses"] as const) {
      const site = await heated();
      site.upstash.mode = mode;
      await site.colos[0].fireCron();
      const line = expect.stringMatching(/^Shared tier: The database /) as string;
      expect([site.colos[0].origin.count, site.colos[0].log]).toEqual([1, [line]]);
      site.upstash.mode = "works";
      site.clock.advance(1);
      await site.colos[0].fireCron();
      expect(site.colos[0].origin.count).toBe(2);
    }
  });

  it("keeps a page whose origin fails, and refreshes the others", async () => {
    for (const fail of [unreachable, () => page("sorry", cc("max-age=600"), 503)]) {
      const site = openHotSite();
      const [near] = site.colos;
      await heat(near, ["/a", "/b"]);
      near.origin.script = (request, nth) =>
        request.url.endsWith("/a") ? fail() : numbered(request, nth);
      await near.fireCron();
      expect(await hotKeyCounts(near)).toMatchObject({ refreshed: 1, failed: 1 });
      expect((await near.get("/a")).text).toBe("page 1");
      // The refreshes run in any order, and the failed request may have been repeated.
      expect((await near.get("/b")).text).toMatch(/^page [345]$/);
    }
  });

  it("counts and logs an internal error, and refreshes the other keys", async () => {
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
    "sends at most four requests at once, the hottest first, until the origin %s",
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
      const notes = Array.from({ length: 6 }, (_, at) => noteOf(`/${at}`, { count: 10 + at }));
      plant(site, notes);
      const run = near.fireCron();
      await idle();
      expect(askedPaths(near).toSorted()).toEqual(["/2", "/3", "/4", "/5"]);
      gate.open();
      await run;
      expect(near.origin.count).toBe(6);
    },
  );

  it("ends after 25 s, and begins no refresh after that", async () => {
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
      const notes = Array.from({ length: 6 }, (_, at) => noteOf(`/${at}`));
      plant(site, notes);
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

describe("the function hottest", () => {
  it("sums the counts of a key, and takes its earliest expiry", () => {
    const notes = [
      noteOf("/a", { count: 3, expiresAtMs: 5 }),
      noteOf("/b", { count: 4 }),
      noteOf("/a", { count: 3, expiresAtMs: 4 }),
      noteOf("/a", { count: 1, fields: [["accept-language", "de"]] }),
    ];
    expect(hottest(notes, 10)).toEqual([
      noteOf("/a", { count: 6, expiresAtMs: 4 }),
      noteOf("/b", { count: 4 }),
    ]);
    expect(hottest(notes, 1)).toHaveLength(1);
  });
});
