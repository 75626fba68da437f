// Tests that a request's trace goes to the origin, but into no key, no record and no other request.
// test/rules/trace-context.test.ts has the forms of the fields.
import { describe, expect, it } from "vitest";
import { cc, closedGate, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";
import { type AskInit, until } from "../../../testing/site/harness.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const otherId = "1bf7651916cd43dd8448eb211c80319d";
const parentId = "b7ad6b7169203331";
const traced = (id = traceId) => ({
  traceparent: `00-${id}-${parentId}-01`,
  tracestate: "vendor=some-state",
});
const fresh = cc("max-age=60");

/** Opens a site, and lists the trace of each request to the origin. */
function open(
  fields = fresh,
  config: ConfigInput = {},
  script: Script = () => page("page", fields),
) {
  const { near: site, upstash, clock } = openCounted(script, config);
  const traces = () =>
    site.origin.asked.map(({ fields: sent }) => ({
      parent: sent.get("traceparent"),
      state: sent.get("tracestate"),
    }));
  return { site, upstash, clock, traces };
}

const ours = {
  parent: expect.stringMatching(
    new RegExp(`^00-${traceId}-(?!${parentId})[\\da-f]{16}-01$`),
  ) as string,
  state: "vendor=some-state",
};
const none = { parent: null, state: null };

describe("the trace that the origin gets", () => {
  it.each<{ of: string; config?: ConfigInput; init?: AskInit }>([
    { of: "a miss" },
    {
      of: "a miss without `forward`",
      config: { routes: [{ name: "a", match: "*", forward: [] }] },
    },
    { of: "a POST", init: { method: "POST" } },
    { of: "a request with Authorization", init: { headers: { authorization: "Bearer x" } } },
  ])("has a new parent ID: $of", async ({ config, init }) => {
    const { site, traces } = open(fresh, config);
    await site.get("/a", { ...init, headers: { ...init?.headers, ...traced() } });
    expect(traces()).toEqual([ours]);
  });

  it("has another parent ID in each request", async () => {
    const { site, traces } = open();
    for (const path of ["/a", "/b"]) await site.get(path, { headers: traced() });
    expect(new Set(traces().map(({ parent }) => parent)).size).toBe(2);
  });

  it("has a new parent ID in a validation", async () => {
    const { site, clock, traces } = open({ ...fresh, etag: '"1"' });
    await site.get("/a");
    clock.advance(61);
    await site.get("/a", { headers: traced() });
    expect(traces()).toEqual([none, ours]);
  });
});

describe("a request to the origin", () => {
  it.each<Record<string, string>>([{ traceparent: `00-${traceId}-${parentId}` }, {}])(
    "has no traceparent and no tracestate if the client sends %o",
    async (fields) => {
      const headers = { ...fields, tracestate: "a=b" };
      const { site, traces } = open();
      for (const method of ["GET", "POST"]) await site.get("/a", { method, headers });
      expect(traces()).toEqual([none, none]);
    },
  );

  it("has no trace if it is a refresh in the background", async () => {
    const { site, clock, traces } = open(cc("max-age=60, stale-while-revalidate=60"));
    await site.get("/a", { headers: traced() });
    clock.advance(61);
    await site.get("/a", { headers: traced(otherId) });
    expect(traces()).toEqual([ours, none]);
  });

  it("has the trace of the leader, and not of a follower", async () => {
    const gate = closedGate();
    const { site, traces } = open(fresh, {}, async () => {
      await gate.opened;
      return page("page", fresh);
    });
    const first = site.get("/a", { headers: traced() });
    await until(() => site.origin.count === 1);
    const second = site.get("/a", { headers: traced(otherId) });
    gate.open();
    expect((await Promise.all([first, second])).map(({ text }) => text)).toEqual(["page", "page"]);
    expect(traces()).toEqual([ours]);
  });
});

describe("a trace field in Vary", () => {
  it.each(["traceparent", "tracestate", "Traceparent, TraceState"])(
    "selects no variant: %s",
    async (vary) => {
      const { site } = open({ ...fresh, vary });
      await site.get("/a", { headers: traced() });
      for (const headers of [traced(otherId), {}]) {
        const { cacheStatus, fields } = await site.get("/a", { headers });
        expect([cacheStatus.includes("; hit"), fields.get("vary")]).toEqual([true, vary]);
      }
    },
  );

  it("selects no variant in addition to another field, and its value is in no record", async () => {
    const { site, upstash } = open({ ...fresh, vary: "traceparent, x-kind" });
    await site.get("/a", { headers: { ...traced(), "x-kind": "1" } });
    expect((await site.get("/a", { headers: { "x-kind": "1" } })).cacheStatus).toContain("; hit");
    const other = await site.get("/a", { headers: { "x-kind": "2" } });
    expect(other.cacheStatus).toContain("vary-miss");
    const kept = JSON.stringify(upstash.kept);
    expect(kept).toContain("x-kind");
    expect(kept).not.toMatch(new RegExp(`${traceId}|some-state`));
  });
});
