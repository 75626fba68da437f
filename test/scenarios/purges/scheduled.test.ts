// Tests scheduled purges (docs/purge-protocol-special.md, rule 30) with whole requests: answers, loads
// and lifetimes around the instant, cancels, and refused orders.
import { describe, expect, it } from "vitest";
import { pause } from "../../../src/base/timeouts.ts";
import {
  bearer,
  openJournalled,
  send,
  signedHeaders,
  startSeconds,
} from "../../../testing/site/purge-sender.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import type { SiteOptions } from "../../../testing/site/harness.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

const allowing = "max-age=600, stale-while-revalidate=60, stale-if-error=120";
const fields = cc(allowing, { "cache-tag": "red" });
const numbered: SiteOptions["origin"] = (_, nth) => page(`page ${nth}`, fields);

const open = (config: SiteOptions["config"] = {}, origin = numbered) =>
  openJournalled({ config, origin }).site;
type Site = ReturnType<typeof open>;

const http = (seconds: number) => new Date((startSeconds + seconds) * 1_000).toUTCString();

interface Body {
  readonly scheduled: { readonly id: string };
}

/** Sends a purge of the tag, the given time ahead. @returns the answer as JSON */
async function plan(site: Site, seconds: number, more: object = {}) {
  const at = new Date(site.clock.atMs + seconds * 1_000).toISOString();
  const sent = await send(site, { tags: ["red"], at, ...more });
  return { at, status: sent.status, body: JSON.parse(sent.text) as Body };
}

async function seen(site: Site): Promise<string> {
  const { text, cacheStatus } = await site.get("/a");
  return `${text} ${cacheStatus}`;
}

it("a stored page answers until A before the instant, and no stale use follows", async () => {
  const site = open();
  await site.get("/a");
  const { at, body } = await plan(site, 60);
  expect(body).toMatchObject({ scheduled: { at }, visibleBy: at });
  site.clock.advance(58.5);
  expect(await seen(site)).toContain("page 1 tidemark; hit");
  site.clock.advance(0.5);
  expect(await seen(site)).toMatch(/^page 2 .*purged/);
});

it("a page that was stored after the plan ends, too", async () => {
  const site = open();
  await plan(site, 60);
  site.clock.advance(30);
  await site.get("/a");
  expect(await seen(site)).toContain("page 1 tidemark; hit");
  site.clock.advance(30);
  expect(await seen(site)).toContain("page 2 ");
});

it("no load is stored that began before the instant + A + settleSeconds", async () => {
  const site = open({ purge: { settleSeconds: 5 } });
  await plan(site, 60);
  site.clock.advance(65.5);
  for (const nth of [1, 2]) {
    const { text, cacheStatus, fields: told } = await site.get("/a");
    expect(text).toBe(`page ${nth}`);
    expect(told.get("cache-control")).toContain("private, max-age=0");
    expect(cacheStatus).not.toContain("stored");
  }
  site.clock.advance(0.5);
  expect(await seen(site)).toContain("page 3 ");
  expect(await seen(site)).toContain("page 3 tidemark; hit");
});

it("a browser gets no validator for a page of before the instant", async () => {
  const told = cc("max-age=600", {
    etag: '"build"',
    "last-modified": http(-60),
    "cache-tag": "red",
  });
  const site = open({ purge: { settleSeconds: 5 } }, () => page("old", told));
  await plan(site, 60);
  site.clock.advance(61);
  const seenFields = (await site.get("/a")).fields;
  expect([seenFields.get("etag"), seenFields.get("last-modified")]).toEqual([null, null]);
  const returning = await site.ask("/a", { headers: { "if-none-match": '"build"' } });
  expect(returning.status).toBe(200);
});

it("lifetimes downstream end at the instant − A", async () => {
  const site = open();
  await plan(site, 60);
  const first = await site.get("/a");
  expect(first.fields.get("cache-control")).toBe("max-age=59");
  site.clock.advance(20);
  const later = await site.get("/a");
  expect([later.fields.get("age"), later.fields.get("cache-control")]).toEqual([
    "20",
    "max-age=59",
  ]);
});

const expiring = { date: http(0), expires: http(3_600) };

it.each<{ given: Readonly<Record<string, string>>; told: Readonly<Record<string, string | null>> }>(
  [
    {
      given: { "cache-control": "s-maxage=10", ...expiring },
      told: { "cache-control": "s-maxage=10, max-age=59", expires: null },
    },
    {
      given: { "surrogate-control": "max-age=10", ...expiring },
      told: { "surrogate-control": "max-age=10", "cache-control": "max-age=59", expires: null },
    },
    {
      // Chromium ignores such an Expires, and assumes a lifetime.
      given: { "cdn-cache-control": "max-age=10", "last-modified": http(-86_400), expires: "-1" },
      told: { "cache-control": "max-age=59", expires: null },
    },
    {
      given: cc("max-age=30", { "surrogate-control": "max-age=30+600" }),
      told: { "surrogate-control": "max-age=30", "cache-control": "max-age=30" },
    },
    {
      given: cc("max-age=30", { "edge-control": "cache-maxage=10m" }),
      told: { "edge-control": "cache-maxage=10" },
    },
    { given: cc("max-age=30", { "x-accel-expires": "600" }), told: { "x-accel-expires": "59" } },
    {
      given: cc("max-age=30", { "x-accel-expires": `@${startSeconds + 600}` }),
      told: { "x-accel-expires": `@${startSeconds + 59}` },
    },
  ],
)("no field has a lifetime downstream beyond the instant − A: $given", async ({ given, told }) => {
  const site = open({ cacheInFront: true }, () => page("page", { "cache-tag": "red", ...given }));
  await plan(site, 60);
  for (const _ of [1, 2]) {
    const { fields: seenFields } = await site.get("/a");
    for (const name in told) expect(seenFields.get(name)).toBe(told[name] ?? null);
  }
});

const long = cc("max-age=9000", { "cache-tag": "red" });

it.each<{
  id: string;
  given: Response;
  route?: object;
  headers?: Readonly<Record<string, string>>;
}>([
  {
    id: "an unconfirmed redirect",
    given: page("", { ...long, location: "/b" }, 301),
    route: { mode: "override", fresh: "2h" },
  },
  {
    id: "one variant too many",
    given: page("page", { ...long, vary: "x-variant" }),
    headers: { "x-variant": "2" },
  },
  {
    id: "a part",
    given: page("0123", { ...long, "content-range": "bytes 0-3/10" }, 206),
    headers: { range: "bytes=0-3" },
  },
  { id: "too large a body", given: page("page", { ...long, "content-length": "99999999999" }) },
])("an answer that is not stored has no lifetime beyond the instant − A: $id", async (row) => {
  const { given, route = {}, headers = {} } = row;
  const routes = [{ name: "all", match: "*", ...route }];
  const site = open({ limits: { variants: 1 }, routes }, () => given.clone());
  await plan(site, 60);
  if (headers["x-variant"] !== undefined) await site.get("/a");
  const answer = await site.ask("/a", { headers });
  expect(answer.headers.get("cache-status")).not.toContain("stored");
  expect(answer.headers.get("cache-control")).toBe("max-age=59");
});

it("a soft purge makes a page stale from the instant on", async () => {
  const site = open();
  await site.get("/a");
  await plan(site, 60, { mode: "soft" });
  site.clock.advance(61);
  expect(await seen(site)).toBe("page 1 tidemark; hit; ttl=-1; detail=memory");
  expect(await seen(site)).toContain("page 2 tidemark; hit");
});

it("a page of before the instant is not validated after it", async () => {
  const told = cc("max-age=50", { "cache-tag": "red", etag: '"1"' });
  const site = open({}, ({ headers }, nth) =>
    headers.has("if-none-match") ? unchanged(told) : page(`page ${nth}`, told),
  );
  await site.get("/a");
  await plan(site, 60);
  site.clock.advance(70);
  expect(await seen(site)).toContain("page 2 ");
});

it("the variants that it has ended keep no other from being stored", async () => {
  const varied = { ...fields, vary: "x-variant" };
  const site = open({ limits: { variants: 1 } }, (_, nth) => page(`page ${nth}`, varied));
  const get = async (variant: string) =>
    (await site.get("/a", { headers: { "x-variant": variant } })).cacheStatus;
  await get("1");
  await plan(site, 60);
  site.clock.advance(62);
  expect(await get("2")).toContain("stored");
  expect(await get("3")).toContain("too-many-variants");
});

it("has an id that a command does not read as an option", async () => {
  const text = JSON.stringify({ tags: ["red"], at: new Date((startSeconds + 60) * 1_000) });
  // The digest of this id begins with `-`.
  const { text: answer } = await send(open(), text, signedHeaders(text, { id: "msg_3" }));
  expect((JSON.parse(answer) as Body).scheduled.id).toMatch(/^_3WQ/);
});

it("a cancel lets the page answer on, and a late one is refused", async () => {
  const site = open();
  await site.get("/a");
  const { body } = await plan(site, 60);
  const { id } = body.scheduled;
  const cancelled = await send(site, { cancel: id });
  expect([cancelled.status, JSON.parse(cancelled.text)]).toMatchObject([
    200,
    { scheduled: { id, cancelled: true } },
  ]);
  site.clock.advance(70);
  expect(await seen(site)).toContain("page 1 tidemark; hit");
  const soon = await plan(site, 5);
  const late = await send(site, { cancel: soon.body.scheduled.id });
  expect([late.status, JSON.parse(late.text)]).toMatchObject([
    409,
    { error: { code: "too-late" } },
  ]);
});

it("a value of data ends at the instant − A, also one that was loaded after the plan", async () => {
  const { site, values, clock } = await openBeside();
  let count = 0;
  const load = () => values.getOrSet("42", async () => `value ${(count += 1)}`);
  await site.get("/page");
  await load();
  await plan(site, 60);
  await values.getOrSet("43", async () => "later");
  clock.advance(58.5);
  expect([await load(), await values.get("43")]).toEqual(["value 1", "later"]);
  clock.advance(0.5);
  expect([await load(), await values.get("43")]).toEqual(["value 2", undefined]);
  // Until the instant + A, a loaded value is not stored.
  expect(await load()).toBe("value 3");
  clock.advance(2);
  expect([await load(), await load()]).toEqual(["value 4", "value 4"]);
});

it.each(["hard", "soft"])(
  "a value that is set about the instant is in no tier (%s)",
  async (mode) => {
    const { site, values, clock } = await openBeside();
    await values.get("42");
    await plan(site, 60, { mode });
    await site.get("/page");
    clock.advance(60.5);
    for (const everywhere of [false, true]) {
      expect(await values.set("42", "early", { everywhere })).toEqual([]);
      expect(await values.get("42")).toBeUndefined();
    }
    clock.advance(0.5);
    expect(await values.set("42", "value", { everywhere: false })).not.toEqual([]);
    expect(await values.get("42")).toBe("value");
  },
);

describe("calls that wait for a value of before the instant", () => {
  playTimers();

  it("load ten at a time, until a value is stored", async () => {
    const { site, values, clock } = await openBeside();
    await plan(site, 60);
    await site.get("/page");
    clock.advance(60.5);
    let [running, mostRunning, loads] = [0, 0, 0];
    const calls = Array.from({ length: 100 }, () =>
      values.getOrSet("42", async () => {
        loads += 1;
        mostRunning = Math.max(mostRunning, (running += 1));
        await pause(200);
        running -= 1;
        return "value";
      }),
    );
    await pass(clock, 4);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(["value"]));
    expect(mostRunning).toBe(10);
    expect(loads).toBeLessThan(50);
  });
});

it("a value that is written across the instant is in no tier", async () => {
  const { site, values, clock } = await openBeside();
  await values.get("42");
  await plan(site, 60);
  await site.get("/page");
  clock.advance(59);
  const persist = async () => {
    clock.advance(10);
    // A request renews the view, and the isolate appends the effect.
    await site.get("/page");
    await site.get("/page");
  };
  expect(await values.write("42", "old", persist)).toEqual([]);
});

it("an instant that has passed is an ordinary purge", async () => {
  const site = open();
  await site.get("/a");
  const { body } = await plan(site, -60);
  expect(body).not.toHaveProperty("scheduled");
  expect(await seen(site)).toContain("page 2 ");
});

it("the effect is written once, and the pages since the instant stay", async () => {
  const site = open();
  await plan(site, 60);
  site.clock.advance(62);
  await site.get("/a");
  const entries = async () => {
    const shown = await site.ask("/_cache/journal?last=20", { headers: bearer });
    return ((await shown.json()) as { entries: { scheduled?: { state: string } }[] }).entries;
  };
  site.clock.advance(20);
  for (let turn = 0; turn < 3; turn += 1) expect(await seen(site)).toContain("page 1 ");
  const states = (await entries()).flatMap(({ scheduled }) => scheduled?.state ?? []);
  expect(states).toEqual(["planned", "effective"]);
});

it.each([
  { id: "without a zone", order: { at: "2030-01-01T00:00:00" }, code: "malformed" },
  { id: "on a day that does not exist", order: { at: "2030-02-30T00:00:00Z" }, code: "malformed" },
  { id: "over a year ahead", order: { at: "2999-01-01T00:00:00Z" }, code: "too-far" },
  { id: "of a release", order: { at: "2030-01-01T00:00:00Z", release: "a" }, code: "malformed" },
  { id: "in a leap second", order: { at: "2030-06-30T23:59:60Z" }, code: "malformed" },
  { id: "with a cancel", order: { cancel: "abc" }, code: "malformed" },
  {
    id: "whose cancel has a mode",
    order: { tags: undefined, cancel: "abc", mode: "soft" },
    code: "malformed",
  },
  {
    id: "over a year ahead in a dry run",
    order: { at: "2999-01-01T00:00:00Z", dryRun: true },
    code: "too-far",
  },
])("an order is refused $id", async ({ order, code }) => {
  const refused = await send(open(), { tags: ["red"], ...order });
  expect(JSON.parse(refused.text)).toMatchObject({ error: { code } });
});

it("a T and a Z may be in lower case (RFC 3339 §5.6)", async () => {
  const sent = await send(open(), { tags: ["red"], at: "2030-01-02t00:00:00z" });
  expect(JSON.parse(sent.text)).toMatchObject({ scheduled: { at: "2030-01-02T00:00:00.000Z" } });
});

it.each([
  { id: "was cancelled", cancels: true, shown: "page 1", cancelled: true },
  { id: "took effect", cancels: false, shown: "page 2", cancelled: undefined },
])("a plan that is sent again after its instant purges nothing: it $id", async (given) => {
  const site = open();
  await site.get("/a");
  const body = JSON.stringify({
    tags: ["red"],
    at: new Date(site.clock.atMs + 60_000).toISOString(),
  });
  const first = JSON.parse((await send(site, body, signedHeaders(body))).text) as Body;
  if (given.cancels) await send(site, { cancel: first.scheduled.id });
  site.clock.advance(62);
  await site.get("/a");
  const again = await send(site, body, signedHeaders(body));
  const { scheduled } = JSON.parse(again.text) as Body;
  const { cancelled } = given;
  expect(scheduled).toEqual({ ...first.scheduled, ...(cancelled && { cancelled }) });
  expect(await seen(site)).toContain(`${given.shown} tidemark; hit`);
});

it("a cancel of an unknown id is refused", async () => {
  const refused = await send(open(), { cancel: "unknown" });
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
    404,
    { error: { code: "unknown-id" } },
  ]);
});
