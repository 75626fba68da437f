// Tests the purger, which sends purges from an application to Tidemark: its signatures, its
// reaction to each kind of answer, its waits and its limits.
import { Webhook } from "standardwebhooks";
import { describe, expect, it, vi } from "vitest";
import { signatureClaim } from "../../src/admin/purge-sender.ts";
import { createPurger } from "../../src/purger/create-purger.ts";
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
const brokenBody = () => new ReadableStream({ start: (at) => at.error(new Error("reset")) });

describe("a try to send a purge", () => {
  it("is a POST whose signature another implementation verifies", async () => {
    // The verifier uses the real clock.
    const { purger, tries } = scripted([accepted], { nowAtMs: Date.now });
    const sent = { tags: ["crème:ü", "a,b"], reason: "corrected" };
    expect(await purger.purge(sent)).toEqual(acceptance);
    const { headers, body, init, url: to } = tries[0]!;
    const fields = Object.fromEntries(headers);
    expect(new Webhook(secret).verify(body, fields)).toEqual(sent);
    expect(() => new Webhook(secret).verify(`${body} `, fields)).toThrow(/signature/i);
    expect(signatureClaim({ headers }, Date.now())).toMatchObject({ kind: "claimed" });
    expect([to, init.method, init.redirect]).toEqual([url, "POST", "manual"]);
    expect(headers.get("content-type")).toBe("application/json");
    expect(headers.get("webhook-id")).toMatch(/^msg_[0-9a-f]{32}$/);
  });

  it("has the same id as other tries of its purge, and another id than another purge", async () => {
    const { purger, tries, clock } = scripted([answered(503), cut, accepted, accepted]);
    await purger.purge(order);
    await purger.purge(order);
    const ids = tries.map(({ headers }) => headers.get("webhook-id"));
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(new Set(tries.map(({ body }) => body)).size).toBe(1);
    expect(clock.atMs).toBe(tries[2]?.atMs);
  });

  it("has a timestamp and a signature of its own", async () => {
    const { purger, tries } = scripted([answered(503, { "retry-after": "7" }), accepted]);
    await purger.purge(order);
    const [first, second] = tries.map(({ headers }) => headers);
    const seconds = [first, second].map((fields) => Number(fields?.get("webhook-timestamp")));
    expect((seconds[1] ?? 0) - (seconds[0] ?? 0)).toBe(7);
    expect(second?.get("webhook-signature")).not.toBe(first?.get("webhook-signature"));
  });
});

describe("the answer to a purge", () => {
  it("may have notes, such as on a name that is not purged", async () => {
    const notes = ["Not purged: A tag is over 256 bytes."];
    const { purger } = scripted([() => Response.json({ ...acceptance, notes })]);
    expect(await purger.purge(order)).toEqual({ ...acceptance, notes });
  });

  const elsewhere = answered(301, { location: "https://elsewhere.example/" });
  const json =
    (value: unknown, status = 200) =>
    () =>
      Response.json(value, { status });
  it.each<[id: string, answer: () => Response, code: string, says?: RegExp]>([
    ["malformed", said(400, "malformed"), "malformed", /Why.*Fix/],
    ["unauthorized", said(401, "unauthorized"), "unauthorized", /Why/],
    ["conflict", said(409, "id-reused"), "id-reused", /Why/],
    ["too large", said(413, "too-large"), "too-large", /Why/],
    ["401 of another server", answered(401), "unauthorized", /same secret and time/],
    ["403", answered(403), "unauthorized", /same secret and time/],
    ["403 without its body", () => new Response(brokenBody(), { status: 403 }), "unauthorized"],
    ["404", answered(404), "not-found", /ending in \/_cache\/purge/],
    ["405", answered(405), "not-tidemark", /answer was 405/],
    ["redirect", elsewhere, "redirect", /redirects to https:\/\/elsewhere\.example\//],
    ["a page", answered(200), "not-tidemark", /200 without a position/],
    ["other JSON", json({ ok: true }), "not-tidemark"],
    ["null", json(null), "not-tidemark"],
    ["truncated JSON", () => new Response('{"position":"1-0"'), "not-tidemark"],
    ["no visibleWithinSeconds", json({ position: "1-0", visibleBy: "" }), "not-tidemark"],
    [
      "control characters",
      json({ error: { code: "x", what: "\u001b[2Ja", why: "b\nc", hint: "d\u202e\u2028" } }, 400),
      "x",
      /^\ufffd\[2Ja b\ufffdc d\ufffd\ufffd$/,
    ],
    ["unknown error", json({ error: { code: 7 } }, 400), "not-tidemark"],
  ])("is final: %s", async (_, answer, code, says = /./) => {
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
  const broken = () => new Response(brokenBody());
  it.each<[id: string, answer: Parameters<typeof scripted>[0][0], says: RegExp]>([
    ["408", answered(408), /answered 408/],
    ["429", answered(429), /answered 429/],
    ["500", answered(500), /answered 500/],
    ["503 with a reason", said(503, "unavailable"), /answered 503: Why unavailable\./],
    ["599", answered(599), /answered 599/],
    ["a network error", cut, /No response arrived: connect ECONNREFUSED\./],
    ["no answer", endless, /No response arrived: .*timeout/i],
    ["a broken body", broken, /No response arrived: reset\./],
  ])("causes retries up to the limit: %s", async (_, answer, says) => {
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

describe("the wait before a retry", () => {
  it("doubles up to its limit, and is a random time between half of that and all of it", async () => {
    const limits = { triesMax: 6, giveUpAfterMs: Infinity, firstWaitMs: 100, waitMsMax: 500 };
    const waitsWith = async (draw: number) => {
      const { purger, waitsMs } = scripted([answered(503)], {
        retry: { ...limits, random: () => draw },
      });
      await failureOf(purger.purge(order));
      return waitsMs;
    };
    expect(await waitsWith(1)).toEqual([100, 200, 400, 500, 500]);
    expect(await waitsWith(0)).toEqual([50, 100, 200, 250, 250]);
  });

  it.each([
    ["5", 5_000],
    ["0", 250],
    ["Tue, 01 Jan 2030 12:00:09 GMT", 9_000],
    ["Tuesday, 01-Jan-30 12:00:09 GMT", 9_000],
    ["Tue Jan  1 12:00:09 2030", 9_000],
    ["Tue, 01 Jan 2030 11:59:59 GMT", 250],
    ["-5", 250],
    ["1.5", 250],
    ["soon", 250],
    ["2030-01-01T12:00:09Z", 250],
    ["3600", 3_600_000],
    ["3601", 3_600_000],
    ["9".repeat(400), 3_600_000],
  ])("follows Retry-After: %s takes %i ms", async (field, waitMs) => {
    const answers = [answered(503, { "retry-after": field }), accepted];
    const { purger, waitsMs } = scripted(answers, { retry: { giveUpAfterMs: Infinity } });
    await purger.purge(order);
    expect(waitsMs).toEqual([waitMs]);
  });

  it("does not begin if it would exceed the time limit", async () => {
    const answers = [answered(503, { "retry-after": "61" })];
    const { purger, waitsMs, tries } = scripted(answers);
    expect((await failureOf(purger.purge(order))).message).toMatch(/in one try/);
    expect([waitsMs.length, tries.length]).toEqual([0, 1]);
    const { purger: other, tries: twice } = scripted([...answers, accepted]);
    await other.purge(order, { giveUpAfterMs: 61_000 });
    expect(twice).toHaveLength(2);
  });

  it("leaves each try only the rest of the time limit", async () => {
    const timeouts = vi.spyOn(AbortSignal, "timeout");
    const { purger } = scripted([answered(503)]);
    await failureOf(purger.purge(order, { giveUpAfterMs: 1_500 }));
    await failureOf(purger.purge(order, { giveUpAfterMs: Infinity, triesMax: 1 }));
    expect(timeouts.mock.calls.flat()).toEqual([1_500, 1_250, 750, 10_000]);
    timeouts.mockRestore();
  });

  it("ends if the caller's signal aborts, and a purge with an aborted signal fails", async () => {
    const stop = new AbortController();
    const purger = createPurger({ url, secret, fetch: async () => answered(503)() });
    const purging = purger.purge(order, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("shutting down")), 5);
    await expect(purging).rejects.toThrow("shutting down");
    await expect(purger.purge(order, { signal: stop.signal })).rejects.toThrow("shutting down");
  });
});
