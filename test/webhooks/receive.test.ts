// POST /_cache/hooks/<name>: what is judged before the body is read, bounds of the body, and which routes there are.
import { describe, expect, it, vi } from "vitest";
import { webhookSender } from "../../src/senders.ts";
import { type Site, until } from "../../testing/site/harness.ts";
import { codeOf, send } from "../../testing/site/purge-sender.ts";
import {
  bodyOf,
  deliver,
  ghost,
  openHooked,
  shopify,
  signedBy,
  woocommerce,
} from "../../testing/site/webhook-vendors.ts";

const body = bodyOf(1);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const tags = (site: Site, text = body) =>
  deliver(site, text, signedBy(shopify, site, { body: text }));

/** A body whose reading is noticed. */
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

describe("before the body is read", () => {
  it.each<{
    id: string;
    env?: Record<string, string>;
    headers: (site: Site) => Record<string, string>;
    status: number;
  }>([
    { id: "no signature", headers: () => ({}), status: 401 },
    {
      id: "a signature of no form",
      headers: () => ({ "x-ghost-signature": "sha256=abc, t=1" }),
      status: 401,
    },
    {
      id: "a signature of another algorithm",
      headers: (site) => ({
        "x-ghost-signature": `sha256=${"ab".repeat(20)}, t=${site.clock.atMs}`,
      }),
      status: 401,
    },
    {
      id: "an old timestamp",
      headers: (site) => signedBy(ghost, site, { atMs: site.clock.atMs - 301_000 }),
      status: 401,
    },
    {
      id: "no secret",
      env: { HOOK_SECRET_SHOP: "" },
      headers: (site) => signedBy(ghost, site),
      status: 503,
    },
    {
      id: "too much by its length",
      headers: (site) => ({ ...signedBy(ghost, site), "content-length": "65537" }),
      status: 413,
    },
  ])("$id is refused", async ({ env = {}, headers, status }) => {
    const { site } = openHooked({ vendor: ghost, env });
    const { seen, stream } = watched();
    expect((await deliver(site, stream, headers(site))).status).toBe(status);
    expect(seen.isRead).toBe(false);
  });

  it("a delivery id over 256 characters is refused", async () => {
    const { site } = openHooked();
    const idOf = (length: number) => signedBy(shopify, site, { id: "x".repeat(length) });
    expect((await deliver(site, body, idOf(257))).status).toBe(401);
    expect((await deliver(site, body, idOf(256))).status).toBe(200);
  });

  it("a test of the sender is answered 200, and counts as ignored", async () => {
    const { site, upstash } = openHooked({ vendor: woocommerce });
    const { seen, stream } = watched(bytesOf("webhook_id=7"));
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const answer = await deliver(site, stream, form);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { ignored: true }]);
    expect([seen.isRead, upstash.journal.length]).toEqual([false, 0]);
    expect(site.counted()).toMatchObject({ "webhooks|shop|ignored": 1 });
  });

  it("a wrong signature beside the mark of a test is refused", async () => {
    const { site } = openHooked({ vendor: woocommerce });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const headers = { ...signedBy(woocommerce, site, { secret: "another" }), ...form };
    expect((await deliver(site, body, headers)).status).toBe(401);
  });
});

describe("a body", () => {
  it.each([
    { id: "that is empty", text: "" },
    { id: "that is not JSON", text: "webhook_id=7" },
    { id: "that is not UTF-8", text: Uint8Array.from([0x22, 0xff, 0x22]) },
  ])("$id is refused though it is signed", async ({ text }) => {
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
    { id: "as usual", more: {}, most: 65_536 },
    { id: "by maxBytes", more: { maxBytes: 200_000 }, most: 200_000 },
  ])("is bounded $id", async ({ more, most }) => {
    const { site } = openHooked({ more });
    const sized = (length: number) => body + " ".repeat(length - body.length);
    expect((await tags(site, sized(most))).status).toBe(200);
    const seen = await tags(site, sized(most + 1));
    expect([seen.status, codeOf(seen)]).toEqual([413, "too-large"]);
  });

  it("that does not come is cut off", async () => {
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

  it("with a wrong signature never reaches the mapping", async () => {
    let calls = 0;
    const mapping = () => ({ tags: [`red:${(calls += 1)}`] });
    const { site, upstash } = openHooked({ mapping });
    const headers = signedBy(shopify, site, { secret: "another-secret-of-somebody" });
    const seen = await deliver(site, body, headers);
    expect([seen.status, upstash.journal.length]).toEqual([401, 0]);
    expect(calls).toBe(0);
  });
});

describe("the route", () => {
  it.each(["GET", "HEAD", "PUT", "DELETE"])("is nothing for %s", async (method) => {
    const { site } = openHooked();
    expect((await site.get("/_cache/hooks/shop", { method })).status).toBe(404);
  });

  it.each(["other", "SHOP", "shop/", "", "constructor"])("is not there for %j", async (name) => {
    const { site } = openHooked();
    expect((await deliver(site, body, signedBy(shopify, site), name)).status).toBe(404);
  });

  it("opens no other way to purge", async () => {
    const { site } = openHooked();
    expect((await send(site, { everything: true }, {})).status).toBe(404);
  });

  it("takes a sender of one's own, which judges as it likes", async () => {
    const own = webhookSender({
      claimOf: ({ method, url }) => ({
        kind: "claimed",
        delivery: "",
        isSigned: async (bytes, [secret]) =>
          new TextDecoder().decode(bytes).includes(`"${secret}"`) &&
          method === "POST" &&
          url.endsWith("/own"),
      }),
      toOrder: (payload) => ({ tags: (payload as { documents: string[] }).documents }),
    });
    const env = { HOOK_SECRET_OWN: "u7Yt5rEw3qAs1dFg9hJk" };
    const { site, upstash } = openHooked({ config: { hooks: { own } }, env });
    const ofPrismic = (secret: string) => JSON.stringify({ secret, documents: ["a", "b"] });
    expect((await deliver(site, ofPrismic("wrong"), {}, "own")).status).toBe(401);
    expect((await deliver(site, ofPrismic(env.HOOK_SECRET_OWN), {}, "own")).status).toBe(200);
    expect(upstash.journal.length).toBe(1);
  });
});
