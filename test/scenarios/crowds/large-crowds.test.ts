// Tests crowds on a body that is too large for memory: one download, whatever the clients do.
import { describe, expect, it } from "vitest";
import { pause } from "../../../src/base/timeouts.ts";
import {
  idle,
  openSite,
  read,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
import { cc, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const bodyOf = (version: number, pieces = 60) =>
  Array.from({ length: pieces }, (_, nth) => `${version}:${String(nth).padStart(3, "0")} `).join(
    "",
  );
const whole = bodyOf(1);

interface Sending {
  readonly text?: string;
  readonly tag?: string | null;
  readonly everyMs?: number;
  /** The connection breaks after this many bytes. */
  readonly breaksAt?: number;
  readonly fields?: Record<string, string>;
}

/** Answers with a body of known length, in pieces of six bytes, and answers ranges with `If-Range`. */
function sending({ text = whole, tag = '"1"', everyMs = 100, ...how }: Sending = {}): Script {
  return ({ headers }) => {
    const [, first] = /bytes=(\d+)-/.exec(headers.get("range") ?? "") ?? [];
    const isPart = first !== undefined && headers.get("if-range") === tag;
    const fields = new Headers(cc("max-age=60", { "cache-tag": "red", ...how.fields }));
    if (tag !== null) fields.set("etag", tag);
    let at = isPart ? Number(first) : 0;
    if (isPart) fields.set("content-range", `bytes ${first}-${text.length - 1}/${text.length}`);
    fields.set("content-length", String(text.length - at));
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        await pause(everyMs);
        if (at >= (isPart ? Infinity : (how.breaksAt ?? Infinity))) {
          return controller.error(new TypeError("The connection was lost."));
        }
        controller.enqueue(new TextEncoder().encode(text.slice(at, at + 6)));
        at += 6;
        if (at >= text.length) controller.close();
      },
    });
    return new Response(body, { status: isPart ? 206 : 200, headers: fields });
  };
}

const config = { limits: { bufferBytes: 60 } };
const openLarge = (origin: Script = sending(), more: SiteOptions = {}) =>
  openSite({ config, origin, ...more });

interface Seen {
  text: string;
  isOver: boolean;
  failed?: unknown;
  leave: () => void;
}

/** Reads an answer, waiting `everyMs` before each chunk. */
function reading(asked: Promise<Response>, everyMs = 0): Seen {
  let hasLeft = false;
  const seen: Seen = { text: "", isOver: false, leave: () => void (hasLeft = true) };
  const readAll = async () => {
    for await (const chunk of (await asked).body ?? []) {
      seen.text += new TextDecoder().decode(chunk);
      if (everyMs > 0) await pause(everyMs);
      if (hasLeft) return;
    }
    seen.isOver = true;
  };
  void readAll().catch((cause: unknown) => void (seen.failed = cause));
  return seen;
}

const crowd = (site: Site, count: number, everyMs = 0) =>
  Array.from({ length: count }, () => reading(site.ask("/a"), everyMs));
const areWhole = (seen: readonly Seen[], text = whole) =>
  seen.map((one) => one.isOver && one.text === text);

describe("a crowd on a large body", () => {
  it.each([
    { id: "with a strong validator", origin: sending(), downloads: 1 },
    {
      id: "with a strong date",
      origin: sending({
        tag: null,
        fields: {
          "last-modified": "Wed, 01 Jan 2020 00:00:00 GMT",
        },
      }),
      downloads: 1,
    },
    { id: "without a validator", origin: sending({ tag: null }), downloads: 2 },
    { id: "with a weak validator", origin: sending({ tag: 'W/"1"' }), downloads: 2 },
    {
      id: "that is private",
      origin: sending({ fields: { "cache-control": "private" } }),
      downloads: 20,
    },
  ])("costs these downloads: $id, $downloads", async ({ origin, downloads }) => {
    const site = openLarge(origin);
    const clients = crowd(site, 20);
    await pass(site.clock, 14);
    expect(areWhole(clients)).toEqual(Array(20).fill(true));
    expect(site.origin.count).toBeGreaterThanOrEqual(downloads);
    expect(site.origin.count).toBeLessThanOrEqual(downloads + (downloads > 2 ? 1 : 0));
  });

  it("has the stated length, and HEAD and conditions are answered", async () => {
    const site = openLarge();
    const first = site.ask("/a");
    await idle();
    const joined = await site.ask("/a");
    const has = await site.ask("/a", { headers: { "if-none-match": '"1"' } });
    expect([joined.headers.get("content-length"), has.status]).toEqual([String(whole.length), 304]);
    const clients = [reading(first), reading(Promise.resolve(joined))];
    await pass(site.clock, 7);
    expect([areWhole(clients), site.origin.count]).toEqual([[true, true], 1]);
  });

  it("is not slowed by a slow leader or follower, which continue with the stored body", async () => {
    const site = openLarge();
    const slow = crowd(site, 2, 1_000);
    const stalled = reading(site.ask("/a"), 600_000);
    const fast = crowd(site, 3);
    await pass(site.clock, 6.5);
    expect(areWhole(fast)).toEqual([true, true, true]);
    await pass(site.clock, 20);
    expect([areWhole(slow), site.origin.count]).toEqual([[true, true], 1]);
    expect(stalled.isOver).toBe(false);
  });

  it("gets a body that arrives for longer than it is fresh", async () => {
    const site = openLarge(sending({ tag: null, fields: { "cache-control": "max-age=1" } }));
    const leader = reading(site.ask("/a"));
    const slow = crowd(site, 2, 1_000);
    await pass(site.clock, 30);
    expect(areWhole([leader, ...slow])).toEqual([true, true, true]);
  });

  it("gets the stored body if it joins after the first bytes are gone", async () => {
    const site = openLarge();
    const [leader] = crowd(site, 1);
    await pass(site.clock, 3);
    const late = crowd(site, 5);
    await pass(site.clock, 4);
    expect([areWhole([leader!, ...late]), site.origin.count]).toEqual([Array(6).fill(true), 1]);
  });

  it.each([
    { id: "all", tiers: undefined },
    { id: "edge", tiers: ["edge" as const] },
  ])("has the body of a flight that ended during a slow lookup: $id", async ({ tiers }) => {
    const routes = [{ name: "all", match: "*", ...(tiers && { tiers }) }];
    const site = openLarge(sending({ everyMs: 1 }), { config: { ...config, routes } });
    const match = site.cache.match.bind(site.cache);
    let looks = 0;
    site.cache.match = async (request) => {
      const found = await match(request);
      looks += 1;
      if (looks === 1) await pause(900);
      return found;
    };
    const slow = reading(site.ask("/a"));
    await pass(site.clock, 0.1);
    const fast = reading(site.ask("/a"));
    await pass(site.clock, 0.5);
    expect([fast.isOver, slow.text, looks]).toEqual([true, "", 2]);
    await pass(site.clock, 1);
    // The second look reads the head and the body.
    expect([areWhole([slow]), site.origin.count, looks]).toEqual([[true], 1, 4]);
    reading(site.ask("/b"));
    await pass(site.clock, 1);
    expect([site.origin.count, looks]).toEqual([2, 5]);
  });

  it("goes on when the leader leaves", async () => {
    const site = openLarge();
    const [leader, ...others] = crowd(site, 4);
    await pass(site.clock, 0.2);
    leader!.leave();
    await pass(site.clock, 7);
    expect([areWhole(others), site.origin.count]).toEqual([[true, true, true], 1]);
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("detail=edge");
  });

  it("reads on from one follower's request once the leader has left for as long as the runtime allows", async () => {
    const site = openLarge(sending({ text: bodyOf(1, 400) }));
    const [leader, ...others] = crowd(site, 20);
    await pass(site.clock, 0.2);
    leader!.leave();
    await pass(site.clock, 45);
    expect(areWhole(others, bodyOf(1, 400))).toEqual(Array(19).fill(true));
    expect(site.origin.asked.map(({ fields }) => fields.get("range"))).toEqual([
      null,
      expect.stringMatching(/^bytes=1\d{3}-$/),
    ]);
    expect(site.cache.addresses).toEqual([]);
  });

  it("reads on from a next follower if that follower leaves as well", async () => {
    const site = openLarge(sending({ text: bodyOf(1, 800) }));
    const all = crowd(site, 6);
    await pass(site.clock, 0.2);
    for (const at of [0, 1]) {
      all[at]!.leave();
      await pass(site.clock, 27);
    }
    await pass(site.clock, 40);
    expect(areWhole(all, bodyOf(1, 800))).toEqual([false, false, true, true, true, true]);
    expect(site.origin.count).toBe(3);
  });

  it("reads on from a next follower if the first gets no rest", async () => {
    const site = openLarge();
    let parts = 0;
    site.origin.script = async (request, nth) => {
      if (!request.headers.has("range")) return sending({ text: bodyOf(1, 400) })(request, nth);
      await pause(500);
      parts += 1;
      return parts === 1
        ? new Response("", { status: 403 })
        : sending({ text: bodyOf(1, 400) })(request, nth);
    };
    const [leader, ...others] = crowd(site, 7);
    await pass(site.clock, 0.2);
    leader!.leave();
    await pass(site.clock, 50);
    expect(areWhole(others, bodyOf(1, 400)).filter(Boolean)).toHaveLength(5);
    expect(parts).toBe(2);
  });

  it("asks for the rest with at most two requests at once, if readers are overtaken and no tier stores", async () => {
    const site = openLarge();
    site.cache.put = () => Promise.reject(new Error("The cache is full."));
    let [open, openMost] = [0, 0];
    site.origin.script = async (request, nth) => {
      if (request.headers.has("range")) {
        openMost = Math.max(openMost, (open += 1));
        await pause(500);
        open -= 1;
      }
      return sending()(request, nth);
    };
    const fast = crowd(site, 2);
    const slow = crowd(site, 6, 1_000);
    await pass(site.clock, 80);
    expect(areWhole([...fast, ...slow])).toEqual(Array(8).fill(true));
    expect(openMost).toBe(2);
  });

  it("waits for an origin that pauses for less than `betweenBytes`", async () => {
    const origin = sending({ tag: null, text: bodyOf(1, 20), everyMs: 50_000 });
    const site = openSite({ config: { ...config, originTimeout: { betweenBytes: "1m" } }, origin });
    const [client] = crowd(site, 1);
    await pass(site.clock, 1_100);
    expect([areWhole([client!], bodyOf(1, 20)), site.origin.count]).toEqual([[true], 1]);
  });

  it("ends when its only client has left", async () => {
    const site = openLarge();
    const clients = crowd(site, 1);
    await pass(site.clock, 1);
    for (const client of clients) client.leave();
    await pass(site.clock, 7);
    expect(site.cache.addresses).toEqual([]);
  });
});

describe("a large body that breaks off", () => {
  it.each([
    { id: "of the same version", next: sending(), isWhole: true },
    {
      id: "of another version",
      next: sending({ text: bodyOf(2), tag: '"2"' }),
      isWhole: false,
    },
    {
      id: "with another validator in the part",
      next: liar({ etag: '"2"' }),
      isWhole: false,
    },
    {
      id: "of another length",
      next: liar({ "content-range": "bytes 120-999/1000" }),
      isWhole: false,
    },
  ])("continues with a range $id: $isWhole", async ({ next, isWhole }) => {
    const site = openLarge();
    site.origin.script = (request, nth) =>
      nth === 1 ? sending({ breaksAt: 120 })(request, nth) : next(request, nth);
    const clients = crowd(site, 5);
    await pass(site.clock, 14);
    expect(areWhole(clients)).toEqual(Array(5).fill(isWhole));
    for (const { text } of clients) expect(whole.startsWith(text)).toBe(true);
    expect(site.origin.count).toBe(2);
    expect(site.cache.addresses.length).toBe(isWhole ? 2 : 0);
  });

  it("continues by its date, if a rule strips the tag that the part has", async () => {
    const modified = "Wed, 01 Jan 2020 00:00:00 GMT";
    const rule = { when: { status: 200 }, strip: ["etag" as const] };
    const routes = [{ name: "all", match: "*", answer: [rule] }];
    const origin: Script = ({ url, headers: asked }, nth) => {
      const headers = new Headers(asked);
      if (asked.get("if-range") === modified) headers.set("if-range", '"1"');
      const date = "Tue, 01 Jan 2030 12:00:00 GMT";
      const how = {
        fields: { date, "last-modified": modified },
        ...(nth === 1 && { breaksAt: 120 }),
      };
      return sending(how)(new Request(url, { headers }), nth);
    };
    const site = openLarge(origin, { config: { ...config, routes } });
    const clients = crowd(site, 3);
    await pass(site.clock, 14);
    expect([areWhole(clients), site.origin.count]).toEqual([Array(3).fill(true), 2]);
  });

  it("is not continued after a hard purge (rule 23)", async () => {
    const { site } = openJournalled({ config, origin: sending({ breaksAt: 120 }) });
    const clients = crowd(site, 3);
    await pass(site.clock, 1);
    expect((await send(site, { tags: ["red"] })).status).toBe(200);
    await pass(site.clock, 3);
    expect(site.origin.asked.some(({ fields }) => fields.has("if-range"))).toBe(false);
    expect(
      clients.every(({ failed, text }) => failed !== undefined && whole.startsWith(text)),
    ).toBe(true);
  });

  it("is not continued with a part that a cache has had since before a purge (rule 29)", async () => {
    const old = sending({ fields: { age: "600" } });
    const { site } = openJournalled({
      config,
      origin: (request, nth) =>
        nth === 1 ? sending({ breaksAt: 120 })(request, nth) : old(request, nth),
    });
    await send(site, { tags: ["red"] });
    site.clock.advance(20);
    const clients = crowd(site, 3);
    await pass(site.clock, 4);
    expect(site.origin.asked.some(({ fields }) => fields.has("if-range"))).toBe(true);
    expect(clients.map(({ text }) => text)).toEqual(Array(3).fill(whole.slice(0, 120)));
  });
});

/** Answers a range with a part whose fields are wrong. */
function liar(fields: Record<string, string>): Script {
  return async (request, nth) => {
    const told = await sending()(request, nth);
    for (const [name, value] of Object.entries(fields)) told.headers.set(name, value);
    return told;
  };
}

describe("a purge while a crowd reads a large body", () => {
  it.each(["hard", "soft"] as const)(
    "lets later requests get the new version: %s",
    async (mode) => {
      const { site } = openJournalled({ config, origin: sending() });
      const before = crowd(site, 3);
      await pass(site.clock, 0.5);
      const order = { tags: ["red"], ...(mode === "soft" && { mode }) };
      expect((await send(site, order)).status).toBe(200);
      site.origin.script = sending({ text: bodyOf(2), tag: '"2"' });
      await pass(site.clock, 0.1);
      const after = crowd(site, 3);
      await pass(site.clock, 14);
      expect([areWhole(before), areWhole(after, bodyOf(2))]).toEqual(
        Array(2).fill(Array(3).fill(true)),
      );
      expect(site.origin.count).toBe(2);
      const hit = site.ask("/a").then(read);
      await pass(site.clock, 1);
      expect((await hit).text).toBe(bodyOf(2));
    },
  );
});
