// Tests the rate limit of a client. A client over its limit gets 429 for requests that need the
// origin, and still gets stored responses.
import { describe, expect, it } from "vitest";
import { networkOf } from "../../src/platform/client-limit.ts";
import { openSite, type SiteOptions } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";

const refusing = { limit: async () => ({ success: false }) };

function limitedBy(limiter: unknown, options: SiteOptions = {}) {
  return openSite({
    origin: () => page("page", cc("max-age=60")),
    env: { ORIGIN_LIMITER: limiter, ADMIN_TOKEN: "admin-of-this-site" },
    ...options,
  });
}

const from = (address: string) => ({ headers: { "cf-connecting-ip": address } });

describe("a client over its limit", () => {
  it.each(["GET", "POST"])("gets 429 for %s without a request to the origin", async (method) => {
    const site = limitedBy(refusing);
    const seen = await site.get("/a", { method, ...from("192.0.2.1") });
    expect([seen.status, site.origin.count]).toEqual([429, 0]);
    expect(seen.fields.get("retry-after")).toBe("60");
    expect(seen.fields.get("proxy-status")).toBe("tidemark; error=http_request_denied");
    const headers = { authorization: "Bearer admin-of-this-site" };
    const stats = await site.get("/_cache/stats", { headers });
    expect(JSON.parse(stats.text).routes[""].outcomes).toEqual({ limited: 1 });
  });

  it("still gets stored responses", async () => {
    let success = true;
    const site = limitedBy({ limit: async () => ({ success }) });
    await site.get("/a", from("192.0.2.1"));
    success = false;
    expect((await site.get("/a", from("192.0.2.1"))).status).toBe(200);
    expect((await site.get("/b", from("192.0.2.1"))).status).toBe(429);
  });

  it("is never limited if its address is unknown", async () => {
    expect((await limitedBy(refusing).get("/a")).status).toBe(200);
  });
});

describe("a rate limiter that does not work", () => {
  it.each([
    ["throws", () => Promise.reject(new Error("away"))],
    ["hangs", () => new Promise(() => undefined)],
  ])("limits no client, and is logged once: %s", async (_id, limit) => {
    const site = limitedBy({ limit });
    for (const path of ["/a", "/b"]) {
      expect((await site.get(path, from("192.0.2.1"))).status).toBe(200);
    }
    expect(site.log).toEqual([
      "The rate limiter ORIGIN_LIMITER does not answer, so no client is limited: " +
        "check its [[ratelimits]] entry in wrangler.toml.",
    ]);
  });

  it.each([5, "100", { fetch: () => undefined }])(
    "is logged if its binding is %j",
    async (limiter) => {
      const site = limitedBy(limiter);
      expect((await site.get("/a", from("192.0.2.1"))).status).toBe(200);
      expect(site.log.join()).toContain(
        "ORIGIN_LIMITER is not usable, so no client is limited. It is not bound to a rate limiter.",
      );
    },
  );
});

describe("the key of the rate limiter", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:DB8:0:0:1:2:3:4", "2001:db8:0:0::/64"],
    ["2001:db8:0000:00ff::", "2001:db8:0:ff::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
    ["::ffff:1", "0:0:0:0::/64"],
  ])("for the address %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
