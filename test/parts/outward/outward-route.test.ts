// Tests outward purges in the real application: after a purge, by the cron trigger, and by the
// operator. Also their findings and metrics.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { Finding } from "../../../src/protocol/finding.ts";
import { outwardBehind } from "../../../src/parts/outward/outward-findings.ts";
import type { TargetReport } from "../../../src/parts/outward/port/outward-target.ts";
import { outward, purgeRequests } from "../../../src/parts/outward/outward.ts";
import { listTarget, secret } from "./outward-world.ts";
import { adminToken, bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, openSite, until } from "../../../testing/site/harness.ts";
import { atMs } from "../operate/health/looked-examples.ts";

const isTarget = (url: string) => url.startsWith("https://target.example/");

function openOutward(
  env: Record<string, string> = {},
  targets: Parameters<typeof outward>[0] = { edge: listTarget() },
  config: ConfigInput = {},
) {
  const bodies: string[] = [];
  const answer = { status: 200, after: () => undefined as void };
  const opened = openJournalled({
    config: { ...config, parts: [outward(targets)] },
    env: { OUTWARD_SECRET_EDGE: secret, ...env },
    origin: async (request) => {
      if (!isTarget(request.url)) return new Response("page");
      bodies.push(await request.text());
      answer.after();
      return new Response("", { status: answer.status });
    },
  });
  const { site } = opened;
  const call = async (init: object = {}) => {
    const seen = await site.get("/_cache/outward", { headers: bearer, ...init });
    return { status: seen.status, json: JSON.parse(seen.text) as Record<string, never> };
  };
  const order = (body: object) => call({ method: "POST", body: JSON.stringify(body) });
  return { ...opened, bodies, answer, call, order };
}

/** Lets the target's state begin, so that its cursor is at the first purge. */
async function begun(opened: ReturnType<typeof openOutward>) {
  await send(opened.site, { tags: ["old"] });
  opened.site.clock.advance(1_500);
  await opened.site.fireCron();
  opened.bodies.length = 0;
  return opened;
}

describe("an accepted purge", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("is delivered by the isolate that accepted it, once it is due", async () => {
    const { site, bodies } = await begun(openOutward());
    await send(site, { tags: ["news"] });
    await idle();
    expect(bodies).toEqual([]);
    site.clock.advance(12);
    await vi.advanceTimersByTimeAsync(12_000);
    await until(() => bodies.length > 0);
    expect(JSON.parse(bodies[0] ?? "")).toMatchObject({ mode: "hard", tags: ["news"] });
    expect(site.counted()).toMatchObject({ "outwardCalls|edge|delivered": 1 });
  });

  it("is left to the cron trigger if N is too long to wait", async () => {
    const { site, bodies } = await begun(
      openOutward({}, undefined, { purge: { maxLagSeconds: 60 } }),
    );
    await send(site, { tags: ["news"] });
    site.clock.advance(62);
    await vi.advanceTimersByTimeAsync(62_000);
    expect(bodies).toEqual([]);
    await site.fireCron();
    expect(bodies).toHaveLength(1);
  });
});

describe("/_cache/outward", () => {
  it("needs the admin token", async () => {
    const { site } = openOutward();
    expect((await site.get("/_cache/outward")).status).toBe(401);
    const post = { method: "POST", body: '{"target":"edge","do":"skip"}' };
    expect((await site.get("/_cache/outward", post)).status).toBe(401);
  });

  it("shows each target, and a failing one with its next try", async () => {
    const opened = await begun(openOutward());
    const { site, answer, call } = opened;
    expect((await call()).json).toMatchObject({
      targets: [{ target: "edge", waiting: 0, lagSeconds: 0, failing: null, reset: null }],
      dueAfterSeconds: 11,
    });
    answer.status = 401;
    await send(site, { tags: ["news"] });
    site.clock.advance(20);
    await site.fireCron();
    const { json } = await call();
    expect(json).toMatchObject({
      targets: [
        { waiting: 1, lagSeconds: 20, failing: { outcome: "unauthorized", status: 401, times: 1 } },
      ],
    });
    expect(JSON.stringify(json)).not.toContain(secret);
    const { text } = await site.get("/_cache/health", { headers: bearer });
    expect(text).toContain('"code":"outward-behind"');
    const lines = site.lines.filter(({ event }) => event === "outward");
    expect(lines).toMatchObject([{ state: "began", kind: "unauthorized", target: "edge" }]);
  });

  it("shows each server of a target, delivers to one, and names a faulty credential once", async () => {
    const servers = ["https://target.example", "https://target.example:8443"];
    const everything = { path: "/?{secret}" };
    const varnish = purgeRequests({ servers, everything });
    const opened = openOutward({ OUTWARD_SECRET_VARNISH: "changeme" }, { varnish });
    const { call, order, site } = opened;
    await send(site, { tags: ["old"] });
    const names = ["varnish@https://target.example", "varnish@https://target.example:8443"];
    expect(await call()).toMatchObject({
      json: { targets: names.map((target) => ({ target })) },
    });
    expect(await order({ target: names[1], do: "deliver" })).toMatchObject({ status: 200 });
    expect(await order({ target: "varnish", do: "deliver" })).toMatchObject({ status: 400 });
    const ofCredential = ({ message = "" }) => message.includes("OUTWARD_SECRET_VARNISH");
    expect(site.lines.filter(ofCredential)).toHaveLength(1);
  });

  it("delivers during a pause, and skips", async () => {
    const { site, answer, bodies, order } = await begun(openOutward());
    answer.status = 401;
    await send(site, { tags: ["news"] });
    site.clock.advance(20);
    await site.fireCron();
    expect(await order({ target: "edge", do: "deliver" })).toMatchObject({
      json: { result: "failed" },
    });
    expect(await order({ target: "edge", do: "skip" })).toMatchObject({ json: { result: "done" } });
    answer.status = 200;
    expect(await order({ target: "edge", do: "deliver" })).toMatchObject({
      json: { result: "idle", targets: [{ waiting: 0, failing: null }] },
    });
    expect(JSON.parse(bodies.at(-1) ?? "")).toMatchObject({ everything: true });
  });

  it.each([
    { body: "{", code: "malformed" },
    { body: '{"target":"edge"}', code: "malformed" },
    { body: '{"target":"edge","do":"stop"}', code: "malformed" },
    { body: '{"target":"other","do":"skip"}', code: "unknown-target" },
  ])("answers 400 to $body", async ({ body, code }) => {
    const { site } = openOutward();
    const seen = await site.get("/_cache/outward", { method: "POST", body, headers: bearer });
    expect([seen.status, JSON.parse(seen.text)]).toMatchObject([400, { error: { code } }]);
  });

  it("does not say that nothing was delivered if the journal fails afterwards", async () => {
    const opened = await begun(openOutward());
    const { site, upstash, bodies, answer, order } = opened;
    await send(site, { tags: ["news"] });
    site.clock.advance(20);
    answer.after = () => void (upstash.journalMode = "down");
    const told = await order({ target: "edge", do: "deliver" });
    expect(told).toMatchObject({ status: 503, json: { error: { code: "unavailable" } } });
    expect(bodies).toHaveLength(1);
    expect(JSON.stringify(told.json)).toContain("It is unknown what was delivered");
  });

  it.each([undefined, '{"target":"edge","do":"deliver"}'])(
    "says that there is no journal, to the body %s",
    async (body) => {
      const config = { parts: [outward({ edge: listTarget() })] };
      const site = openSite({ config, env: { ADMIN_TOKEN: adminToken } });
      const method = body === undefined ? "GET" : "POST";
      const seen = await site.get("/_cache/outward", {
        method,
        headers: bearer,
        body: body ?? null,
      });
      expect([seen.status, seen.text]).toEqual([
        503,
        expect.stringContaining("No journal is configured."),
      ]);
    },
  );

  it("says that the journal is away", async () => {
    const { site, upstash, call } = await begun(openOutward());
    upstash.journalMode = "down";
    expect((await call()).json).toMatchObject({ targets: [{ target: "edge", journal: {} }] });
    const { text } = await site.get("/_cache/health", { headers: bearer });
    expect(text).toContain("of outward purges. The journal did not answer.");
  });
});

it("a missing credential is a fault, and metrics show the lag", async () => {
  const { site } = openOutward({ OUTWARD_SECRET_EDGE: "" });
  expect(site.log.join()).toContain("OUTWARD_SECRET_EDGE is not set.");
  const healthy = await begun(openOutward());
  await send(healthy.site, { tags: ["b"] });
  healthy.site.clock.advance(30);
  const { text } = await healthy.site.get("/_cache/metrics", { headers: bearer });
  expect(text).toContain('tidemark_outward_lag_seconds{target="edge"} 30');
});

describe("outward-behind", () => {
  const report: TargetReport = {
    kind: "report",
    cursor: "1-0",
    reset: undefined,
    waitingCount: 3,
    waitingSinceAtMs: atMs - 60_000,
    aheadMs: 0,
    failures: undefined,
    lastSuccessAtMs: undefined,
  };
  const failures = {
    count: 2,
    outcome: "unavailable",
    status: 503,
    sinceAtMs: atMs - 250_000,
    nextTryAtMs: atMs,
  } as const;
  const found = (changes: Partial<TargetReport>, name = "edge"): Finding[] =>
    outwardBehind([[name, { ...report, ...changes }]], 11_000, atMs);

  it.each([
    { id: "a minute late", changes: {}, levels: [] },
    { id: "failing for a minute", changes: { failures }, levels: [] },
    {
      id: "three minutes late",
      changes: { waitingSinceAtMs: atMs - 191_000 },
      levels: ["warning"],
    },
    {
      id: "fifteen minutes late",
      changes: { waitingSinceAtMs: atMs - 911_000 },
      levels: ["critical"],
    },
    { id: "dated less than a minute ahead", changes: { aheadMs: 59_999 }, levels: [] },
    { id: "dated a minute ahead", changes: { aheadMs: 60_000 }, levels: ["warning"] },
    {
      id: "unauthorized",
      changes: { failures: { ...failures, outcome: "unauthorized" } },
      levels: ["critical"],
    },
  ] as const)("$id: $levels", ({ changes, levels }) => {
    expect(found(changes).map(({ level }) => level)).toEqual(levels);
  });

  it.each(["edge", "edge@http://varnish-1:6081"])(
    "names the target %s, the cause and the variable",
    (name) => {
      const unauthorized = { ...failures, outcome: "unauthorized", status: 403 } as const;
      const [finding] = found({ failures: unauthorized }, name);
      expect(finding).toMatchObject({
        code: "outward-behind",
        about: `target "${name}"`,
        case: "outward-unauthorized",
        values: { target: name, variable: "OUTWARD_SECRET_EDGE", status: 403 },
      });
    },
  );
});
