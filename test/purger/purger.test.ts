// The sender of purges: its signature, each class of answer, its waits, its limits.
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { webhookClaim } from "../../src/purge/acceptance/webhook.ts";
import { createPurger } from "../../src/purger/purger.ts";
import {
  acceptance,
  accepted,
  answered,
  cut,
  failureOf,
  said,
  scripted,
  secret,
  url,
} from "./fakes.ts";

const order = { tags: ["article:1"], reason: "corrected" };
describe("a try", () => {
  it("is a POST whose signature another implementation verifies", async () => {
    const { purger, tries } = scripted([accepted]);
    // The verifier knows no other clock than the real one.
    const { purger: now } = scripted([], { fetch: capture, nowAtMs: Date.now });
    let captured: RequestInit = {};
    async function capture(_: string, init: RequestInit): Promise<Response> {
      captured = init;
      return accepted();
    }
    await now.purge({ tags: ["crème:ü", "a,b"] });
    const headers = captured.headers as Record<string, string>;
    const body = captured.body as string;
    expect(new Webhook(secret).verify(body, headers)).toEqual({ tags: ["crème:ü", "a,b"] });
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow(/signature/i);
    expect(webhookClaim({ headers: new Headers(headers) })).toMatchObject({ kind: "claimed" });

    await purger.purge(order);
    expect(tries[0]?.url).toBe(url);
    expect(tries[0]?.init).toMatchObject({ method: "POST", redirect: "manual" });
    expect(tries[0]?.headers.get("content-type")).toBe("application/json");
    expect(tries[0]?.headers.get("webhook-id")).toMatch(/^msg_[0-9a-f]{32}$/);
    expect(tries[0]?.headers.get("webhook-timestamp")).toBe(String((tries[0]?.atMs ?? 0) / 1_000));
    expect(JSON.parse(tries[0]?.body ?? "")).toEqual(order);
  });

  it("gives what it was told of the purge", async () => {
    const { purger } = scripted([accepted]);
    expect(await purger.purge({ everything: true })).toEqual(acceptance);
  });

  it("has an id of its own for each purge, and one for all tries of one", async () => {
    const { purger, tries, clock } = scripted([answered(503), cut, accepted, accepted]);
    await purger.purge(order);
    await purger.purge(order);
    const ids = tries.map(({ headers }) => headers.get("webhook-id"));
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
    expect(clock.atMs).toBe(tries[2]?.atMs);
  });

  it("is signed with its own time", async () => {
    const { purger, tries } = scripted([answered(503, { "retry-after": "7" }), accepted]);
    await purger.purge(order);
    const [first, second] = tries.map(({ headers }) => headers);
    const seconds = [first, second].map((fields) => Number(fields?.get("webhook-timestamp")));
    expect((seconds[1] ?? 0) - (seconds[0] ?? 0)).toBe(7);
    expect(second?.get("webhook-signature")).not.toBe(first?.get("webhook-signature"));
  });
});

describe("answers", () => {
  const inflated = () => new Response('{"position":"1-0"', { status: 200 });
  it.each([
    { id: "malformed", answer: said(400, "malformed"), code: "malformed", says: /Why.*Mend/ },
    { id: "unauthorized", answer: said(401, "unauthorized"), code: "unauthorized", says: /Why/ },
    { id: "conflict", answer: said(409, "id-reused"), code: "id-reused", says: /Why/ },
    { id: "too-large", answer: said(413, "too-large"), code: "too-large", says: /Why/ },
    { id: "401-mute", answer: answered(401), code: "unauthorized", says: /same secret and time/ },
    { id: "403", answer: answered(403), code: "unauthorized", says: /same secret and time/ },
    { id: "404", answer: answered(404), code: "not-found", says: /PURGE_SECRET must be set/ },
    { id: "405", answer: answered(405), code: "not-tidemark", says: /answer was 405/ },
    { id: "418", answer: answered(418), code: "not-tidemark", says: /answer was 418/ },
    {
      id: "redirect",
      answer: answered(301, { location: "https://elsewhere.example/" }),
      code: "redirect",
      says: /redirects to https:\/\/elsewhere\.example\//,
    },
    { id: "a-page", answer: answered(200), code: "not-tidemark", says: /200 without a position/ },
    { id: "other-json", answer: () => Response.json({ ok: true }), code: "not-tidemark" },
    { id: "null-json", answer: () => Response.json(null), code: "not-tidemark" },
    { id: "half-json", answer: inflated, code: "not-tidemark" },
    { id: "no-promise", answer: () => Response.json({ position: "1-0" }), code: "not-tidemark" },
    {
      id: "odd-error",
      answer: () => Response.json({ error: { code: 7 } }, { status: 400 }),
      code: "not-tidemark",
    },
  ])("$id is final", async ({ answer, code, says = /./ }) => {
    const { purger, tries } = scripted([answer]);
    const error = await failureOf(purger.purge(order));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(says);
    expect(error.status).toBe(answer().status);
    expect(tries).toHaveLength(1);
  });

  const endless = ({ signal }: RequestInit) =>
    new Promise<Response>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const broken = () =>
    new Response(new ReadableStream({ start: (at) => at.error(new Error("reset")) }));
  it.each([
    { id: "408", answer: answered(408), says: /answered 408/ },
    { id: "429", answer: answered(429), says: /answered 429/ },
    { id: "500", answer: answered(500), says: /answered 500/ },
    { id: "502", answer: answered(502), says: /answered 502/ },
    { id: "503-said", answer: said(503, "unavailable"), says: /answered 503: Why unavailable\./ },
    { id: "504", answer: answered(504), says: /answered 504/ },
    { id: "599", answer: answered(599), says: /answered 599/ },
    { id: "network", answer: cut, says: /No response arrived: connect ECONNREFUSED\./ },
    { id: "time-out", answer: endless, says: /No response arrived: .*timeout/i },
    { id: "body-cut-off", answer: broken, says: /No response arrived: reset\./ },
  ])("$id is tried again, up to the limit", async ({ answer, says }) => {
    const retry = { tryTimeoutMs: 5 };
    const { purger, tries } = scripted([answer, answer, accepted], { retry });
    expect(await purger.purge(order)).toEqual(acceptance);
    expect(tries).toHaveLength(3);
    const limited = scripted([answer], { retry: { ...retry, triesMax: 2 } });
    const error = await failureOf(limited.purger.purge(order));
    expect(error).toMatchObject({ code: "not-accepted", status: undefined });
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/not accepted in 2 tries/);
    expect(limited.tries).toHaveLength(2);
  });
});

describe("waits", () => {
  it("grow twofold up to the longest, and are drawn from their upper half", async () => {
    const limits = { triesMax: 6, giveUpAfterMs: Infinity };
    const given = { ...limits, firstWaitMs: 100, waitMsMax: 500 };
    const longest = scripted([answered(503)], { retry: { ...given, random: () => 1 } });
    await failureOf(longest.purger.purge(order));
    expect(longest.waitsMs).toEqual([100, 200, 400, 500, 500]);
    const shortest = scripted([answered(503)], { retry: { ...given, random: () => 0 } });
    await failureOf(shortest.purger.purge(order));
    expect(shortest.waitsMs).toEqual([50, 100, 200, 250, 250]);
  });

  const soon = "Tue, 01 Jan 2030 12:00:09 GMT";
  const past = "Tue, 01 Jan 2030 11:59:59 GMT";
  it.each([
    { id: "seconds", field: "5", waitMs: 5_000 },
    { id: "zero", field: "0", waitMs: 250 },
    { id: "date", field: soon, waitMs: 9_000 },
    { id: "past-date", field: past, waitMs: 250 },
    { id: "negative", field: "-5", waitMs: 250 },
    { id: "fraction", field: "1.5", waitMs: 250 },
    { id: "words", field: "soon", waitMs: 250 },
    { id: "date-elsewhere", field: "2030-01-01T12:00:09Z", waitMs: 250 },
    { id: "an-hour", field: "3600", waitMs: 3_600_000 },
    { id: "longer", field: "3601", waitMs: 3_600_000 },
    { id: "absurd", field: "9".repeat(400), waitMs: 3_600_000 },
  ])("Retry-After, $id: $waitMs ms", async ({ field, waitMs }) => {
    const answers = [answered(503, { "retry-after": field }), accepted];
    const { purger, waitsMs } = scripted(answers, { retry: { giveUpAfterMs: Infinity } });
    await purger.purge(order);
    expect(waitsMs).toEqual([waitMs]);
  });

  it("are not begun when the limit falls within them", async () => {
    const answers = [answered(503, { "retry-after": "61" })];
    const { purger, waitsMs, tries } = scripted(answers);
    expect((await failureOf(purger.purge(order))).message).toMatch(/in one try/);
    expect([waitsMs.length, tries.length]).toEqual([0, 1]);
    const { purger: patient, tries: twice } = scripted([...answers, accepted]);
    await patient.purge(order, { giveUpAfterMs: 61_000 });
    expect(twice).toHaveLength(2);
  });

  it("and tries end with the caller's signal", async () => {
    const stop = new AbortController();
    const reason = new Error("shutting down");
    const { purger } = scripted([answered(503)], {
      retry: { sleep: async () => stop.abort(reason) },
    });
    await expect(purger.purge(order, { signal: stop.signal })).rejects.toBe(reason);
    await expect(purger.purge(order, { signal: stop.signal })).rejects.toBe(reason);
  });

  it("end at once by themselves when the signal is aborted", async () => {
    const stop = new AbortController();
    const purger = createPurger({ url, secret, fetch: async () => answered(503)() });
    const purging = purger.purge(order, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("shutting down")), 5);
    await expect(purging).rejects.toThrow("shutting down");
  });
});
