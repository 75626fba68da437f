// Tests a crowd whose leader gets an error. The leader's own fields may have provoked the error, so
// an anonymous request follows. A failing origin gets two requests, and only the leader gets its
// error.
import { describe, expect, it } from "vitest";
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
  closedGate,
  page,
  type Script,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { drawsFrom } from "../../../testing/draws.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";

playTimers();

const odd: AskInit = { headers: { "x-odd": "1" } };
const isOdd = ({ headers }: Request) => headers.has("x-odd");
const error = (status: number, fields = {}) => page("for the leader", fields, status);

/** Sends `count` requests, of which all wait for the first while the origin waits for a gate. */
async function crowd(
  site: Site,
  script: Script,
  { count = 200, init = () => ({}) }: { count?: number; init?: (nth: number) => AskInit } = {},
): Promise<Seen[]> {
  const gate = closedGate();
  await site.meetOrigin();
  site.origin.script = async (request, nth) => {
    await gate.opened;
    return script(request, nth);
  };
  const ask = (nth: number) => site.ask("/a", init(nth)).then(read);
  const leading = ask(0);
  await idle();
  const asking = [leading, ...Array.from({ length: count - 1 }, (_, nth) => ask(nth + 1))];
  await pass(site.clock, 0.5);
  gate.open();
  await pass(site.clock, 0.5);
  return Promise.all(asking);
}

/** Returns a generator of pseudo-random numbers with a fixed seed. */
const draws = () => drawsFrom(1);

const statuses = (seen: readonly Seen[]) =>
  Object.fromEntries(
    [...new Set(seen.map(({ status }) => status))].map((status) => [
      status,
      seen.filter((each) => each.status === status).length,
    ]),
  );

describe("an error that the leader's request may have provoked", () => {
  it.each([
    { id: "reset", fail: unreachable, told: 502, count: 3 },
    { id: "520", fail: () => error(520), told: 502, count: 3 },
    { id: "500", fail: () => error(500), told: 500, count: 2 },
    { id: "503", fail: () => error(503, { "retry-after": "60" }), told: 503, count: 2 },
  ])("reaches only the leader: $id", async ({ fail, told, count }) => {
    const site = openSite();
    const seen = await crowd(
      site,
      (request) => (isOdd(request) ? fail() : page("page", cc("max-age=60"))),
      { init: (nth) => (nth === 0 ? odd : {}) },
    );
    expect(statuses(seen)).toEqual({ [told]: 1, 200: 199 });
    expect(site.origin.count).toBe(count);
  });
});

it("chooses the next leader at random, so that only one of ten hostile clients leads", async () => {
  const site = openSite({ random: draws() });
  const seen = await crowd(
    site,
    (request) => (isOdd(request) ? error(500) : page("page", cc("max-age=60"))),
    { init: (nth) => (nth < 10 ? odd : {}) },
  );
  expect(statuses(seen)).toEqual({ 500: 1, 200: 199 });
});

describe("a failing origin", () => {
  it.each([
    { id: "reset", fail: unreachable, told: 502, count: 2 * 2 },
    { id: "521", fail: () => error(521), told: 502, count: 2 * 2 },
    { id: "524", fail: () => error(524), told: 504, count: 2 },
    { id: "503", fail: () => error(503), told: 503, count: 2 },
  ])("gets two requests of a crowd, and their retries: $id", async ({ fail, told, count }) => {
    const site = openSite({ random: draws() });
    expect(statuses(await crowd(site, fail))).toEqual({ [told]: 200 });
    expect(site.origin.count).toBe(count);
  });

  it("gets two requests of a crowd for each known variant", async () => {
    const vary = cc("max-age=60", { vary: "accept-language" });
    const by = (nth: number) => ({ headers: { "accept-language": nth % 2 === 0 ? "de" : "en" } });
    const site = openSite({ origin: () => page("page", vary) });
    for (const nth of [0, 1]) await site.get("/a", by(nth));
    site.clock.advance(61);
    const seen = await crowd(site, () => error(503), { init: by });
    expect(statuses(seen)).toEqual({ 503: 200 });
    expect(site.origin.count).toBe(2 * 2);
  });
});

describe("a request that waited for a server error", () => {
  it.each([
    ["absent", undefined, "5"],
    ["in the past", "Thu, 01 Jan 1970 00:00:00 GMT", "5"],
    ["hostile", "soon, <b>", "5"],
    ["a date", "Tue, 01 Jan 2030 12:02:00 GMT", "120"],
  ])("gets a valid Retry-After if the origin's is %s", async (_, field, told) => {
    const fields = field === undefined ? {} : { "retry-after": field };
    const seen = await crowd(openSite(), () => error(503, fields), { count: 5 });
    const { fields: had } = seen.find(({ text }) => text !== "for the leader")!;
    expect(had.get("retry-after")).toBe(told);
  });

  it.each([500, 501, 502, 503, 504, 505, 507, 511, 599])(
    "gets Tidemark's own 503 without any part of the leader's answer: %i",
    async (status) => {
      const site = openSite();
      const fields = { "x-of": "leader", "set-cookie": "session=1", "retry-after": "7" };
      const seen = await crowd(site, () => error(status, fields), { count: 20 });
      const others = seen.filter(({ text }) => text !== "for the leader");
      expect(others.length).toBe(19);
      for (const { status: told, text, head, fields: had } of others) {
        expect([told, had.get("retry-after")]).toEqual([503, "7"]);
        expect(text).toMatch(/^503 Service Unavailable\n/);
        expect(head).not.toMatch(/leader|session/);
        expect(had.get("proxy-status")).toBe(
          `tidemark; error=destination_unavailable; received-status=${status}`,
        );
      }
    },
  );

  it("is counted as failed, and the leader's request as forwarded", async () => {
    const site = openSite();
    await crowd(site, () => error(503), { count: 20 });
    expect(countsOf(site, "requests")).toMatchObject({
      "requests||forwarded|origin": 1,
      "requests||failed|none": 19,
    });
  });

  it("goes to the origin itself if its method is HEAD", async () => {
    const site = openSite();
    const init = (nth: number) => (nth % 2 === 0 ? {} : { method: "HEAD" });
    const seen = await crowd(site, () => error(503), { count: 20, init });
    expect(statuses(seen)).toEqual({ 503: 20 });
    expect(site.origin.count).toBe(2 + 10);
  });
});
