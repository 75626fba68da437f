// Tests POST /_cache/hooks/<name>: checks before the body is read, limits on the body, and the
// route.
import { describe, expect, it, vi } from "vitest";
import { type Site, until } from "../../../testing/site/harness.ts";
import { codeOf, send } from "../../../testing/site/purge-sender.ts";
import {
  bodyOf,
  deliver,
  ghost,
  ofOnesOwn,
  openHooked,
  shopify,
  signedBy,
  woocommerce,
} from "./webhook-vendors.ts";

const body = bodyOf(1);
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** Returns a body that records whether it is read. */
function watched(bytes?: Uint8Array) {
  const seen = { isRead: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        seen.isRead = true;
        if (bytes === undefined) return;
        controller.enqueue(bytes);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { seen, stream };
}

const form = { "content-type": "application/x-www-form-urlencoded" };

describe("a delivery whose body is not read yet", () => {
  const forged = (site: Site) => `sha256=${"ab".repeat(20)}, t=${site.clock.atMs}`;
  const old = (site: Site) => signedBy(ghost, site, { atMs: site.clock.atMs - 301_000 });
  type Headers = (site: Site) => Record<string, string>;
  it.each<[id: string, status: number, headers: Headers, env?: Record<string, string>]>([
    ["no signature", 401, () => ({})],
    ["a malformed signature", 401, () => ({ "x-ghost-signature": "sha256=abc, t=1" })],
    ["another algorithm's signature", 401, (site) => ({ "x-ghost-signature": forged(site) })],
    ["an old timestamp", 401, old],
    ["no secret", 503, (site) => signedBy(ghost, site), { HOOK_SECRET_SHOP: "" }],
    [
      "a large Content-Length",
      413,
      (site) => ({ ...signedBy(ghost, site), "content-length": "1048577" }),
    ],
  ])("is refused because of %s with %i", async (_, status, headers, env = {}) => {
    const { site } = openHooked({ vendor: ghost, env });
    const { seen, stream } = watched();
    expect((await deliver(site, stream, headers(site))).status).toBe(status);
    expect(seen.isRead).toBe(false);
  });

  it("is refused with an id over 256 characters", async () => {
    const { site } = openHooked();
    const idOf = (length: number) => signedBy(shopify, site, { id: "x".repeat(length) });
    expect((await deliver(site, body, idOf(257))).status).toBe(401);
    expect((await deliver(site, body, idOf(256))).status).toBe(200);
  });

  it("gets 200 if it is the sender's test message, and counts as a test", async () => {
    const { site, upstash } = openHooked({ vendor: woocommerce });
    const { seen, stream } = watched(bytesOf("webhook_id=7"));
    const answer = await deliver(site, stream, form);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { ignored: true }]);
    expect([seen.isRead, upstash.journal.length]).toEqual([false, 0]);
    expect(site.counted()).toMatchObject({ "webhooks|shop|test": 1 });
  });

  it("is refused if it is a test message with a wrong signature", async () => {
    const { site } = openHooked({ vendor: woocommerce });
    const headers = { ...signedBy(woocommerce, site, { secret: "another" }), ...form };
    expect((await deliver(site, body, headers)).status).toBe(401);
  });
});

describe("the body of a delivery", () => {
  it.each([
    { id: "empty", text: "" },
    { id: "not JSON", text: "webhook_id=7" },
    { id: "not UTF-8", text: Uint8Array.from([0x22, 0xff, 0x22]) },
  ])("is refused with a valid signature if it is $id", async ({ text }) => {
    let calls = 0;
    const mapping = () => ({ tags: [`red:${(calls += 1)}`] });
    const { site, upstash } = openHooked({ mapping });
    const bytes = typeof text === "string" ? bytesOf(text) : text;
    const headers = signedBy(shopify, site, { body: bytes as never });
    const seen = await deliver(site, bytes, headers);
    expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([400, "malformed", 0]);
    expect(calls).toBe(0);
  });

  it.each([
    { id: "64 KiB by default", vendor: ofOnesOwn, more: {}, most: 65_536 },
    { id: "1 MiB with a preset", vendor: shopify, more: {}, most: 1_048_576 },
    { id: "maxBytes", vendor: shopify, more: { maxBytes: 200_000 }, most: 200_000 },
  ])("has at most $id", async ({ vendor, more, most }) => {
    const { site } = openHooked({ vendor, more });
    const sized = (length: number) => body + " ".repeat(length - body.length);
    const sent = (text: string) => deliver(site, text, signedBy(vendor, site, { body: text }));
    expect((await sent(sized(most))).status).toBe(200);
    const seen = await sent(sized(most + 1));
    expect([seen.status, codeOf(seen)]).toEqual([413, "too-large"]);
  });

  it("is refused in over 16,384 chunks, because each costs a turn of the event loop", async () => {
    const { site } = openHooked();
    const sent = (chunkCount: number) => {
      const text = body + " ".repeat(chunkCount - body.length);
      const chunks = bytesOf(text).values();
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          const { done, value } = chunks.next();
          if (done === true) controller.close();
          else controller.enqueue(Uint8Array.of(value));
        },
      });
      return deliver(site, stream, signedBy(shopify, site, { body: text }));
    };
    expect((await sent(16_384)).status).toBe(200);
    const seen = await sent(16_385);
    expect([seen.status, codeOf(seen)]).toEqual([413, "too-large"]);
  });

  it("is copied as it arrives, so that chunks of one byte take no memory of their own", async () => {
    const { site } = openHooked();
    const left = [...bytesOf(body)];
    const reused = new Uint8Array(1);
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const next = left.shift();
          if (next === undefined) return controller.close();
          reused[0] = next;
          controller.enqueue(reused);
        },
      },
      { highWaterMark: 0 },
    );
    expect((await deliver(site, stream, signedBy(shopify, site))).status).toBe(200);
  });

  it("causes a 408 if it does not arrive within 10 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { site } = openHooked();
    const { seen, stream } = watched();
    const answering = deliver(site, stream, signedBy(shopify, site));
    await until(() => seen.isRead);
    await vi.advanceTimersByTimeAsync(10_000);
    const answer = await answering;
    vi.useRealTimers();
    expect([answer.status, codeOf(answer)]).toEqual([408, "too-slow"]);
  });

  it("does not reach the mapping if its signature is wrong", async () => {
    let calls = 0;
    const mapping = () => ({ tags: [`red:${(calls += 1)}`] });
    const { site, upstash } = openHooked({ mapping });
    const headers = signedBy(shopify, site, { secret: "another-secret-of-somebody" });
    const seen = await deliver(site, body, headers);
    expect([seen.status, upstash.journal.length]).toEqual([401, 0]);
    expect(calls).toBe(0);
  });
});

describe("the route of a hook", () => {
  it.each(["other", "SHOP", "shop/", "", "constructor"])(
    "returns 404 for the hook %j",
    async (name) => {
      const { site } = openHooked();
      expect((await deliver(site, body, signedBy(shopify, site), name)).status).toBe(404);
    },
  );

  it("does not enable the purge route", async () => {
    const { site } = openHooked();
    expect((await send(site, { everything: true }, {})).status).toBe(503);
  });
});
