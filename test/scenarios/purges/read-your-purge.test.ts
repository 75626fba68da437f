// Tests positions: a reader that sends the position of a purge gets no response from before it, in a
// colo whose view is older, and while the journal is unreachable. Other positions change nothing.
import type { Explanation } from "../../../src/protocol/explain-answer.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { purgeOthers } from "../../../testing/site/purges-of-others.ts";
import { adminToken, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { openColos, read, type Site, type SiteOptions } from "../../../testing/site/harness.ts";

/** A journal of two colos, which the test can switch off. */
interface Store {
  readonly options: SiteOptions;
  readonly setDown: (isDown: boolean) => void;
  /** The number of calls that have read the journal. */
  readonly reads: () => number;
}

const stores: Readonly<Record<string, (clock: FakeClock) => Store>> = {
  Redis(clock) {
    const upstash = new UnsteadyUpstash(clock);
    return {
      options: { upstash },
      setDown: (isDown) => void (upstash.journalMode = isDown ? "down" : "works"),
      reads: () => upstash.journalReadCount,
    };
  },
  "Durable Objects"() {
    const object = new FakeObject();
    return {
      options: { journal: durableObjectJournal(), env: { JOURNAL: object.namespace } },
      setDown: (isDown) => void (object.isDown = isDown),
      reads: () => object.calls.filter((call) => call !== "append").length,
    };
  },
};

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
});
afterEach(() => void vi.useRealTimers());

function pass(seconds: number): void {
  clock.advance(seconds);
  vi.setSystemTime(clock.atMs);
}

/** Two colos of a site whose page says its version. Both have stored version 1. */
async function world(storeName: string, config: SiteOptions["config"] = {}) {
  const store = stores[storeName]!(clock);
  const page1 = { version: 1 };
  // A broken origin: its validator does not depend on the version.
  const fields = () => cc("max-age=600", { "cache-tag": "a", etag: '"1"' });
  const origin: Script = ({ headers }) =>
    headers.has("if-none-match") ? unchanged(fields()) : page(`v${page1.version}`, fields());
  const env = { ADMIN_TOKEN: adminToken, ...store.options.env };
  const options = { config, origin, clock, random: 0, ...store.options, env };
  const [near, far] = openColos(2, options) as [Site, Site];
  for (const site of [near, far]) expect((await site.get("/a")).text).toBe("v1");
  const purge = async (from: Site = near) => {
    page1.version += 1;
    const { text } = await send(from, { tags: ["a"] });
    return JSON.parse(text) as { sealedPosition: string; setCookie: string };
  };
  const asks = () => ({ reads: store.reads(), forwards: far.origin.count });
  const since = (before: ReturnType<typeof asks>) => ({
    reads: store.reads() - before.reads,
    forwards: far.origin.count - before.forwards,
  });
  return { ...store, near, far, purge, asks, since };
}

const field = (position: string) => ({ headers: { "tidemark-position": position } });

describe.each(Object.keys(stores))("over %s", (name) => {
  it.each([
    { form: "field", sent: ({ sealedPosition }: Sent) => field(sealedPosition) },
    {
      form: "cookie",
      sent: ({ setCookie }: Sent) => ({
        headers: { cookie: `_ga=1; ${setCookie.split(";", 1)[0]}; _gid=2` },
      }),
    },
  ])("a position in a $form shows the change at once, also to later readers", async ({ sent }) => {
    const { far, purge } = await world(name);
    const position = await purge();
    expect((await far.get("/a")).text).toBe("v1");
    const seen = await far.get("/a", sent(position));
    expect([seen.text, seen.cacheStatus]).toEqual(["v2", expect.stringContaining("stored")]);
    const { fields } = far.origin.last;
    expect([fields.get("tidemark-position"), fields.get("cookie")]).toEqual([null, null]);
    const next = await far.get("/a", sent(position));
    expect([next.text, next.cacheStatus]).toEqual(["v2", expect.stringContaining("; hit")]);
    expect((await far.get("/a")).text).toBe("v2");
  });

  it.each([{}, { routes: [{ name: "all", match: "/*", whenUnreachable: "serve" as const }] }])(
    "without the journal, a position leads to the origin, without validators: %j",
    async (config) => {
      const { far, purge, setDown } = await world(name, config);
      const { sealedPosition } = await purge();
      setDown(true);
      expect((await far.get("/a")).text).toBe("v1");
      const seen = await far.get("/a", field(sealedPosition));
      expect([seen.text, seen.cacheStatus]).toEqual(["v2", expect.stringContaining("purged")]);
      expect(far.origin.last.fields.get("if-none-match")).toBeNull();
    },
  );

  it.each([false, true])(
    "explain counts the position of its request, journal down: %s",
    async (isDown) => {
      const { far, purge, setDown } = await world(name);
      const { sealedPosition } = await purge();
      // The isolate reads the site's secret before the journal is down.
      await far.get("/a", field("x".repeat(240)));
      setDown(isDown);
      const header = `tidemark-position: ${sealedPosition}`;
      const query = new URLSearchParams({ url: "/a", header }).toString();
      const headers = { authorization: `Bearer ${adminToken}` };
      const { text } = await far.get(`/_cache/explain?${query}`, { headers });
      const verdict = { kind: "validate", by: "purged", ...(isDown && { case: "beyond-view" }) };
      expect((JSON.parse(text) as Explanation).verdict).toEqual(verdict);
    },
  );

  it("without the journal and the origin, a position leads to no old response", async () => {
    const { far, purge, setDown } = await world(name);
    const { sealedPosition } = await purge();
    setDown(true);
    far.origin.script = () => new Response("down", { status: 503 });
    expect((await far.get("/a", field(sealedPosition))).text).not.toContain("v1");
  });

  it("without the journal, a position lets no error replace the page of other clients", async () => {
    const { far, purge, setDown } = await world(name);
    const { sealedPosition } = await purge();
    setDown(true);
    far.origin.script = ({ headers }) =>
      page(
        headers.has("x-bad") ? "gone" : "v2",
        cc("max-age=600"),
        headers.has("x-bad") ? 404 : 200,
      );
    const headers = { "tidemark-position": sealedPosition, "x-bad": "1" };
    expect((await far.get("/a", { headers })).text).toBe("gone");
    expect((await far.get("/a")).text).toBe("v2");
  });

  it("a thousand requests with one position cost one read and one forward", async () => {
    const { far, purge, asks, since } = await world(name);
    const { sealedPosition } = await purge();
    // The isolate reads the site's secret once.
    await far.get("/a", field("x".repeat(240)));
    const before = asks();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async () => read(await far.ask("/a", field(sealedPosition)))),
    );
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["v2"]));
    expect(since(before)).toEqual({ reads: 1, forwards: 1 });
  });

  it.each(["", "no position", "a".repeat(201)])(
    "the cookie counts beside a field that is no position: %j",
    async (sent) => {
      const { far, purge } = await world(name);
      const { sealedPosition } = await purge();
      const cookie = `tidemark-position=${sealedPosition}`;
      const headers = { cookie, "tidemark-position": sent };
      const isOther = sent.length > 200;
      expect((await far.get("/a", { headers })).text).toBe(isOther ? "v1" : "v2");
    },
  );

  it("an expired position changes nothing", async () => {
    const { far, purge, asks, since } = await world(name);
    const { sealedPosition } = await purge();
    pass(10);
    expect((await far.get("/a")).text).toBe("v2");
    await purge();
    const before = asks();
    const seen = await far.get("/a", field(sealedPosition));
    expect([seen.text, seen.cacheStatus]).toEqual(["v2", expect.stringContaining("; hit")]);
    expect(since(before)).toEqual({ reads: 0, forwards: 0 });
  });

  it.each([
    { id: "forged", change: (text: string) => flipped(text, 60) },
    { id: "shortened", change: (text: string) => text.slice(0, -4) },
    { id: "with another start", change: (text: string) => flipped(text, 0) },
    { id: "malformed", change: () => "1795165507845-0" },
    { id: "long", change: (text: string) => text.repeat(50) },
    { id: "sent twice", change: (text: string) => `${text}, ${text}` },
  ])("a position that is $id changes nothing", async ({ change }) => {
    const { far, purge, asks, since } = await world(name);
    const { sealedPosition } = await purge();
    await far.get("/a", field("x".repeat(240)));
    const before = asks();
    for (const init of [
      field(change(sealedPosition)),
      { headers: { cookie: `tidemark-position=${change(sealedPosition)}` } },
    ]) {
      const seen = await far.get("/a", init);
      expect([seen.text, seen.cacheStatus]).toEqual(["v1", expect.stringContaining("; hit")]);
    }
    expect(since(before)).toEqual({ reads: 0, forwards: 0 });
  });

  it("a position of another journal changes nothing", async () => {
    const { far, asks, since, purge } = await world(name);
    await purge();
    const other = await world(name, { namespace: "other" });
    const { sealedPosition } = await other.purge();
    await far.get("/a", field("x".repeat(240)));
    const before = asks();
    expect((await far.get("/a", field(sealedPosition))).text).toBe("v1");
    expect(since(before)).toEqual({ reads: 0, forwards: 0 });
  });

  it("the accepting isolate answers its own position from the cache", async () => {
    const { near, purge, asks, since } = await world(name);
    const { sealedPosition } = await purge();
    expect((await near.get("/a", field(sealedPosition))).text).toBe("v2");
    const before = asks();
    expect((await near.get("/a", field(sealedPosition))).cacheStatus).toContain("; hit");
    expect(since(before)).toEqual({ reads: 0, forwards: 0 });
  });

  it("a request that bypasses the cache carries no position to the origin", async () => {
    const { far } = await world(name);
    const headers = { "tidemark-position": "x", cookie: "a=1; tidemark-position=x; b=2" };
    await far.get("/a", { method: "POST", headers });
    const { fields } = far.origin.last;
    expect([fields.get("tidemark-position"), fields.get("cookie")]).toEqual([null, "a=1; b=2"]);
    await far.get("/a", { method: "POST", headers: { cookie: "tidemark-position=x" } });
    expect(far.origin.last.fields.has("cookie")).toBe(false);
  });
});

interface Sent {
  readonly sealedPosition: string;
  readonly setCookie: string;
}

const flipped = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);

it("a reader whose purge is before the view of a new isolate gets the new page, and then hits", async () => {
  const upstash = new UnsteadyUpstash(clock);
  const origin: Script = (_, nth) => page(`v${nth}`, cc("max-age=600", { "cache-tag": "a" }));
  const config = { purge: { maxLagSeconds: 300 } };
  const open = () => openJournalled({ config, clock, upstash, origin }).site;
  const sender = open();
  expect((await sender.get("/a")).text).toBe("v1");
  const { text } = await send(sender, { tags: ["a"] });
  const reader = field((JSON.parse(text) as Sent).sealedPosition);
  await purgeOthers({ upstash, clock }, 1_200);
  const site = open();
  // Without a position, the body time lets the page answer (rule 7 b).
  expect((await site.get("/a")).text).toBe("v1");
  site.origin.script = () => page("v2", cc("max-age=600", { "cache-tag": "a" }));
  expect((await site.get("/a", reader)).text).toBe("v2");
  const hit = await site.get("/a", reader);
  expect([hit.text, hit.cacheStatus]).toEqual(["v2", expect.stringContaining("; hit")]);
});
