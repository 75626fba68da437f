// Tests a crowd that waits for a response that cannot be shared. Each request then gets its own
// answer. The origin gets ten of these requests at a time, unless its answers forbid to share them.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { pause } from "../../../src/base/timeouts.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import {
  type AskInit,
  idle,
  openSite,
  read,
  type Seen,
  type Site,
} from "../../../testing/site/harness.ts";
import {
  cc,
  chunked,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { Colos } from "../../../testing/site/crowded-colos.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

/** An origin whose answers take `answerMs`, and which counts its concurrent requests. */
class SlowOrigin {
  mostAtOnce = 0;
  #atOnce = 0;

  readonly script: Script;

  constructor(answerMs: number, answer: Script) {
    this.script = async (request, nth) => {
      this.#atOnce += 1;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
      await pause(answerMs);
      this.#atOnce -= 1;
      return answer(request, nth);
    };
  }
}

/** Sends `count` requests at once, and lets all of them finish their lookups. */
async function many(
  site: Site,
  count: number,
  init: (nth: number) => AskInit = () => ({}),
): Promise<{ each: Promise<Seen>[]; all: Promise<Seen[]> }> {
  const asking = Array.from({ length: count }, (_, nth) => site.ask("/a", init(nth)).then(read));
  for (let turn = 0; turn < 15; turn += 1) await idle();
  return { each: asking, all: Promise.all(asking) };
}

const distinct = (seen: readonly Seen[]) => new Set(seen.map(({ text }) => text)).size;
const own = (status: number, fields: FieldTexts): Script => {
  return (_, nth) => page(`own ${nth}`, fields, status);
};

/** Sends 150 requests at once, and checks that each has its own answer after `seconds`. */
async function crowdWithin(site: Site, seconds: number): Promise<void> {
  const seen: Seen[] = [];
  for (const each of (await many(site, 150)).each) void each.then((one) => seen.push(one));
  await pass(site.clock, seconds);
  expect(distinct(seen)).toBe(150);
}

/** Refusals by the origin's own word. A client may provoke the others, so an anonymous request decides first. */
const nobodyMayShare: { id: string; answer: Script; seconds: number; forwards?: number }[] = [
  { id: "private", answer: own(200, cc("private, max-age=60")), seconds: 1.1 },
  { id: "set-cookie", answer: own(200, cc("max-age=60", { "set-cookie": "a=1" })), seconds: 1.1 },
  { id: "no-store", answer: own(200, cc("no-store")), seconds: 1.1 },
  { id: "no-lifetime", answer: own(200, {}), seconds: 1.1 },
  {
    id: "a rule of the route",
    answer: own(200, cc("max-age=60", { "x-pass": "1" })),
    seconds: 1.1,
  },
  { id: "a redirect without a lifetime", answer: own(302, {}), seconds: 1.6 },
  { id: "403", answer: own(403, cc("max-age=60")), seconds: 1.6 },
];
const validatedByEach = own(200, cc("no-cache", { etag: '"1"' }));
const except = [{ when: { header: { "x-pass": true } }, store: false }] as const;

describe("a crowd on a page that nobody may share", () => {
  it.each([
    ...nobodyMayShare,
    { id: "always-validated", answer: validatedByEach, seconds: 1.1, forwards: 1 + 149 },
  ])("waits $seconds s for an origin that takes 0.5 s: $id", async (row) => {
    const { answer, seconds, forwards = 1 + 1 + 149 } = row;
    const config = { routes: [{ name: "all", match: "*", answer: except }] };
    const site = openSite({ origin: new SlowOrigin(500, answer).script, config });
    await crowdWithin(site, seconds);
    await pass(site.clock, 0.6);
    expect(site.origin.count).toBe(forwards);
    // Many times longer than requests for the page would go straight to the origin.
    site.clock.advance(1_800);
    await crowdWithin(site, 1.1);
    expect(site.origin.count).toBe(forwards + 150);
  });

  it("has 200 requests at the origin at once, until an anonymous request confirms it", async () => {
    const origin = new SlowOrigin(500, own(200, cc("private")));
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 450);
    await pass(site.clock, 0.9);
    expect([origin.mostAtOnce, site.origin.count]).toEqual([1 + 200, 1 + 1 + 200]);
    await pass(site.clock, 0.8);
    expect([distinct(await asking.all), site.origin.count]).toEqual([450, 1 + 1 + 449]);
  });

  it("sends an origin whose other answers can be shared 200 requests at most", async () => {
    const origin = new SlowOrigin(500, (_, nth) =>
      page(`own ${nth}`, cc(nth === 1 ? "private" : "max-age=60")),
    );
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 450);
    await pass(site.clock, 1.2);
    await asking.all;
    expect(site.origin.count).toBe(1 + 1 + 200);
    await many(site, 150);
    expect(site.origin.count).toBe(1 + 1 + 200);
  });

  it("waits for an anonymous request if the page could be shared before", async () => {
    const site = openSite({ origin: () => page("page", cc("max-age=60")) });
    await site.get("/a");
    await pass(site.clock, 61);
    site.origin.script = new SlowOrigin(500, ({ headers }, nth) =>
      page(`own ${nth}`, cc(headers.has("x-odd") ? "private" : "max-age=60")),
    ).script;
    const asking = await many(site, 150, (nth) => (nth === 0 ? { headers: { "x-odd": "1" } } : {}));
    await pass(site.clock, 1.1);
    await asking.all;
    expect(site.origin.count).toBe(1 + 1 + 1);
  });

  it("waits for one request once the page can be shared, even after a quiet spell", async () => {
    const site = openSite({ origin: new SlowOrigin(500, own(200, cc("private"))).script });
    await crowdWithin(site, 1.6);
    site.clock.advance(90);
    site.origin.script = new SlowOrigin(500, own(200, cc("max-age=60"))).script;
    const before = site.origin.count;
    const asking = await many(site, 150);
    await pass(site.clock, 0.6);
    expect(distinct(await asking.all)).toBe(1);
    expect(site.origin.count - before).toBe(1);
  });

  it.each([
    { id: "429", status: 429, forwards: 1 + 1 + 149 },
    { id: "503", status: 503, forwards: 1 + 1 },
  ])("goes ten at a time at most once the origin is overloaded: $id", async (row) => {
    const site = openSite({ origin: new SlowOrigin(500, own(200, cc("private"))).script });
    await crowdWithin(site, 1.6);
    site.clock.advance(90);
    const overloaded = new SlowOrigin(100, own(row.status, {}));
    site.origin.script = overloaded.script;
    const before = site.origin.count;
    const asking = await many(site, 150);
    await pass(site.clock, 5);
    await asking.all;
    expect(overloaded.mostAtOnce).toBeLessThanOrEqual(10);
    expect(site.origin.count - before).toBe(row.forwards);
  });

  it("waits once for another isolate with collapse: global", async () => {
    const origin = new SlowOrigin(500, own(200, cc("private")));
    const colos = new Colos(origin.script);
    const asking = colos.crowd(66);
    for (let turn = 0; turn < 15; turn += 1) await idle();
    await colos.pass(1.9);
    expect(distinct(await asking)).toBe(198);
  });
});

describe("200 simultaneous requests", () => {
  it("get their own answers, ten at a time, while the origin refuses with 429", async () => {
    const origin = new SlowOrigin(100, own(429, cc("max-age=60")));
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 200);
    await pass(site.clock, 5);
    const seen = await asking.all;
    expect([distinct(seen), site.origin.count, origin.mostAtOnce]).toEqual([200, 201, 10]);
  });

  it("get their own answers if the leader's answer breaks off within the body", async () => {
    const origin = new SlowOrigin(100, (_, nth) =>
      nth === 1
        ? new Response(chunked(["ha"], "breaks"), { headers: cc("max-age=60") })
        : page(`own ${nth}`, {}, 429),
    );
    const site = openSite({ origin: origin.script });
    const leader = site.ask("/a").then(read).catch(String);
    const others = await many(site, 199);
    await pass(site.clock, 5);
    expect(await leader).toContain("connection was lost");
    expect(distinct(await others.all)).toBe(199);
    expect([site.origin.count, origin.mostAtOnce]).toEqual([201, 10]);
  });

  it("get their own answers, ten at a time for each known variant", async () => {
    const origin = new SlowOrigin(100, own(200, cc("max-age=2", { vary: "accept-language" })));
    const by = (nth: number) => ({ headers: { "accept-language": nth % 2 === 0 ? "de" : "en" } });
    const site = openSite({ origin: origin.script });
    const stored = await many(site, 2, by);
    await pass(site.clock, 3);
    await stored.all;
    const refusing = new SlowOrigin(100, own(429, {}));
    site.origin.script = refusing.script;
    const asking = await many(site, 200, by);
    await pass(site.clock, 5);
    expect(distinct(await asking.all)).toBe(200);
    expect(refusing.mostAtOnce).toBe(20);
  });

  it("get their own answers, ten at a time in each isolate, with collapse: global", async () => {
    const origin = new SlowOrigin(100, own(429, {}));
    const colos = new Colos(origin.script);
    const asking = colos.crowd(66);
    for (let turn = 0; turn < 15; turn += 1) await idle();
    await colos.pass(6);
    expect(distinct(await asking)).toBe(198);
    expect(origin.mostAtOnce).toBeLessThanOrEqual(30);
  });
});

describe("a crowd whose leader got a response that cannot be shared", () => {
  it.each<{ id: string; fields: FieldTexts }>([
    { id: "for all", fields: {} },
    { id: "a variant", fields: { vary: "accept-language" } },
  ])("gets the answer to an anonymous request if that can be shared: $id", async (row) => {
    const fields = cc("max-age=60", row.fields);
    const origin = new SlowOrigin(100, ({ headers }, nth) =>
      headers.has("x-odd") ? page("refused", {}, 403) : page(`page ${nth}`, fields),
    );
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 200, (nth) => (nth === 0 ? { headers: { "x-odd": "1" } } : {}));
    await pass(site.clock, 2);
    const statuses = (await asking.all).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBe(199);
    expect(site.origin.count).toBe(1 + 1);
  });

  it("goes to a slow origin after ten seconds without a limit of ten", async () => {
    const origin = new SlowOrigin(9_000, own(429, {}));
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 200);
    await pass(site.clock, 9.9);
    expect(site.origin.count).toBe(1 + 1);
    await pass(site.clock, 0.3);
    expect(site.origin.count).toBe(201);
    await pass(site.clock, 9);
    expect(distinct(await asking.all)).toBe(200);
  });

  it("does not delay later requests, because the page is known to be uncacheable", async () => {
    const origin = new SlowOrigin(500, own(200, cc("private")));
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 30);
    await pass(site.clock, 1.2);
    const before = site.origin.count;
    const more = await many(site, 50);
    await pass(site.clock, 0.1);
    expect(site.origin.count - before).toBeGreaterThanOrEqual(50);
    await pass(site.clock, 3);
    expect(distinct([...(await asking.all), ...(await more.all)])).toBe(80);
  });

  it.each([
    { id: "head", init: { method: "HEAD" } },
    { id: "session", init: { headers: { cookie: "session=1" } } },
    { id: "range", init: { headers: { range: "bytes=0-1" } } },
  ])("does not limit requests that were never collapsed: $id", async ({ init }) => {
    const origin = new SlowOrigin(400, own(429, {}));
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 40);
    await pass(site.clock, 0.9);
    expect(site.origin.count).toBe(2 + 10);
    const alone = await many(site, 5, () => init);
    await pass(site.clock, 0.1);
    expect(site.origin.count).toBe(2 + 10 + 5);
    await pass(site.clock, 6);
    await Promise.all([asking.all, alone.all]);
  });

  it("gets no other variant while a write of that variant to Redis hangs", async () => {
    const language = (value: string) => ({ headers: { "accept-language": value } });
    const origin: Script = async ({ headers }, nth) => {
      const wanted = headers.get("accept-language") ?? "any";
      await pause(wanted === "de" ? 10_000 : 100);
      return nth === 1
        ? page("refused", {}, 403)
        : page(wanted, cc("max-age=60", { vary: "accept-language" }));
    };
    const { near: site, clock, upstash } = openPair({ origin });
    const asking = await many(site, 30, (nth) => (nth === 0 ? {} : language("de")));
    await pass(clock, 2.8);
    const answer = upstash.answer.bind(upstash);
    upstash.answer = (path, body) =>
      /getrange|xrange|xrevrange/i.test(JSON.stringify(body))
        ? answer(path, body)
        : new Promise(() => undefined);
    const french = site.ask("/a", language("fr")).then(read);
    await pass(clock, 0.5);
    expect((await french).text).toBe("fr");
    await pass(clock, 25);
    expect(new Set((await asking.all).map(({ text }) => text))).toEqual(new Set(["refused", "de"]));
  });

  it("gets no other variant if the page varies by another field than before", async () => {
    const seen = (value: string) => ({ headers: { "accept-language": "de", "x-b": value } });
    const fields = (vary: string) => cc("max-age=60", { vary });
    const site = openSite({ origin: () => page("first", fields("accept-language")) });
    await site.ask("/a", seen("0")).then(read);
    await pass(site.clock, 61);
    const origin = new SlowOrigin(100, ({ headers }) =>
      page(headers.get("x-b") ?? "", fields("accept-language, x-b")),
    );
    site.origin.script = origin.script;
    const asking = await many(site, 20, (nth) => seen(String(nth)));
    await pass(site.clock, 3);
    expect((await asking.all).map(({ text }) => text)).toEqual(
      Array.from({ length: 20 }, (_, nth) => String(nth)),
    );
  });

  it("is counted as forwarded requests", async () => {
    const origin = new SlowOrigin(100, own(403, {}));
    const site = openSite({ origin: origin.script });
    const asking = await many(site, 30);
    await pass(site.clock, 2);
    await asking.all;
    expect(countsOf(site, "requests")).toEqual({ "requests||forwarded|origin": 30 });
  });
});

it("waits three times for the origin after a validation whose 304 sets a cookie", async () => {
  const site = openSite({ origin: () => page("page", cc("max-age=60", { etag: '"1"' })) });
  await site.ask("/a").then(read);
  await pass(site.clock, 61);
  const fields = cc("max-age=60", { etag: '"1"', "set-cookie": "session=1" });
  const origin = new SlowOrigin(500, ({ headers }) =>
    headers.has("if-none-match") ? unchanged(fields) : page("page", fields),
  );
  site.origin.script = origin.script;
  const asking = await many(site, 60);
  await pass(site.clock, 1.65);
  expect((await asking.all).every(({ status }) => status === 200)).toBe(true);
});
