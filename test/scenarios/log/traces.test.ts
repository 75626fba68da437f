// A request's trace goes on to the origin, and nowhere else: into no key, no record, no other request.
import { describe, expect, it } from "vitest";
import { cc, closedGate, page } from "../../../testing/fakes/origin-in-process.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite, type SiteOptions, until } from "../../../testing/site/harness.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const otherId = "1bf7651916cd43dd8448eb211c80319d";
const parentId = "b7ad6b7169203331";
const traced = (id = traceId) => ({
  traceparent: `00-${id}-${parentId}-01`,
  tracestate: "vendor=some-state",
});

/** What the origin was sent of a trace, request by request. */
function opened(options: SiteOptions = {}, fields = cc("max-age=60")) {
  const seen: { parent: string | null; state: string | null }[] = [];
  const origin: SiteOptions["origin"] = (request, nth) => {
    const { headers } = request;
    seen.push({ parent: headers.get("traceparent"), state: headers.get("tracestate") });
    return options.origin?.(request, nth) ?? page("page", fields);
  };
  return { site: openSite({ ...options, origin }), seen };
}

const ours = (id = traceId) => ({
  parent: expect.stringMatching(new RegExp(`^00-${id}-(?!${parentId})[\\da-f]{16}-01$`)) as string,
  state: "vendor=some-state",
});
const none = { parent: null, state: null };

describe("the origin gets the trace with a parent of ours", () => {
  it.each([
    { of: "a miss", config: {}, init: {} },
    {
      of: "a route that forwards nothing",
      config: { routes: [{ name: "a", match: "*", forward: [] }] },
    },
    { of: "a request that is passed by", init: { method: "POST" } },
    { of: "one with Authorization", init: { headers: { authorization: "Bearer x" } } },
  ])("of $of", async ({ config = {}, init = {} }) => {
    const { site, seen } = opened({ config });
    const headers = { ...("headers" in init ? init.headers : {}), ...traced() };
    await site.get("/a", { ...init, headers });
    expect(seen).toEqual([ours()]);
  });

  it("another at each forward", async () => {
    const { site, seen } = opened();
    await site.get("/a", { headers: traced() });
    await site.get("/b", { headers: traced() });
    expect(new Set(seen.map(({ parent }) => parent)).size).toBe(2);
  });

  it("also of one that is validated", async () => {
    const { site, seen } = opened({}, { ...cc("max-age=60"), etag: '"1"' });
    await site.get("/a");
    site.clock.advance(61);
    await site.get("/a", { headers: traced() });
    expect(seen).toEqual([none, ours()]);
  });
});

describe("the origin gets nothing", () => {
  it.each([{ traceparent: `00-${traceId}-${parentId}` }, { traceparent: "" }, {}])(
    "of a request with %o, also of its tracestate",
    async (fields) => {
      const headers = { ...(fields as Record<string, string>), tracestate: "a=b" };
      const { site, seen } = opened();
      await site.get("/a", { headers });
      await site.get("/a", { method: "POST", headers });
      expect(seen).toEqual([none, none]);
    },
  );

  it("behind an answer: a refresh is in nobody's trace", async () => {
    const { site, seen } = opened({}, cc("max-age=60, stale-while-revalidate=60"));
    await site.get("/a", { headers: traced() });
    site.clock.advance(61);
    await site.get("/a", { headers: traced(otherId) });
    expect(seen).toEqual([ours(), none]);
  });
});

it("of several that wait for one forward, the origin hears of the first alone", async () => {
  const gate = closedGate();
  const origin = async () => {
    await gate.opened;
    return page("page", cc("max-age=60"));
  };
  const { site, seen } = opened({ origin });
  const first = site.get("/a", { headers: traced() });
  await until(() => seen.length === 1);
  const second = site.get("/a", { headers: traced(otherId) });
  gate.open();
  expect((await Promise.all([first, second])).map(({ text }) => text)).toEqual(["page", "page"]);
  expect(seen).toEqual([ours()]);
});

describe("a trace selects nothing", () => {
  it.each(["traceparent", "tracestate", "Traceparent, TraceState"])(
    "with Vary: %s",
    async (vary) => {
      const { site, seen } = opened({}, { ...cc("max-age=60"), vary });
      await site.get("/a", { headers: traced() });
      const others = [traced(otherId), {}].map((headers) => site.get("/a", { headers }));
      for (const { cacheStatus, fields } of await Promise.all(others)) {
        expect(cacheStatus).toContain("; hit");
        expect(fields.get("vary")).toBe(vary);
      }
      expect(seen).toHaveLength(1);
    },
  );

  it("and a Vary that names others beside it goes by those", async () => {
    const { site, seen } = opened({}, { ...cc("max-age=60"), vary: "traceparent, x-kind" });
    await site.get("/a", { headers: { ...traced(), "x-kind": "1" } });
    expect((await site.get("/a", { headers: { "x-kind": "1" } })).cacheStatus).toContain("; hit");
    expect((await site.get("/a", { headers: { "x-kind": "2" } })).cacheStatus).toContain(
      "vary-miss",
    );
    expect(seen).toHaveLength(2);
  });

  it("and stands in no record", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const { site } = opened(
      { clock, upstash },
      { ...cc("max-age=60"), vary: "traceparent, x-kind" },
    );
    await site.get("/a", { headers: traced() });
    const kept = JSON.stringify(upstash.kept);
    expect(kept).toContain("x-kind");
    expect(kept).not.toContain(traceId);
    expect(kept).not.toContain("some-state");
  });
});
