// POST /_cache/warm: what becomes of each page, that it answers afterwards, and what is refused.
import { describe, expect, it } from "vitest";
import type { Warmed, WarmTold } from "../../src/admin/protocol.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import { openColos, type Seen, type Site } from "../../testing/site/harness.ts";
import { adminToken, bearer } from "../../testing/site/purge-sender.ts";

const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=600"));

function open(
  settings: { origin?: Script; config?: ConfigInput; env?: Readonly<Record<string, string>> } = {},
) {
  const clock = new FakeClock();
  clock.advance(300);
  const upstash = new FakeUpstash(clock);
  const [near, far] = openColos(2, {
    clock,
    upstash,
    config: settings.config ?? {},
    origin: settings.origin ?? numbered,
    env: { ADMIN_TOKEN: adminToken, SITE_HOST: "www.example.com", ...settings.env },
  });
  return { clock, upstash, near: near!, far: far! };
}

const call = (site: Site, order: unknown, headers: Readonly<Record<string, string>> = bearer) =>
  site.get("/_cache/warm", {
    method: "POST",
    body: typeof order === "string" ? order : JSON.stringify(order),
    headers,
  });

const toldBy = ({ text }: Seen) => JSON.parse(text) as WarmTold;

async function warm(site: Site, ...pages: readonly unknown[]): Promise<readonly Warmed[]> {
  return toldBy(await call(site, { pages })).done;
}

describe("a page", () => {
  it("is brought into all tiers of this colo, and into the shared tier for the others", async () => {
    const { near, far } = open();
    expect(await warm(near, "/a")).toEqual([{ page: "/a", result: "warmed", status: 200 }]);
    const here = await near.get("/a");
    const there = await far.get("/a");
    expect([here.cacheStatus, there.cacheStatus]).toEqual([
      expect.stringContaining("hit; ttl=600; detail=memory"),
      expect.stringContaining("hit; ttl=600; detail=shared"),
    ]);
    expect([near.cache.addresses.length, near.origin.count]).toEqual([1, 1]);
  });

  it("that is fresh in any tier is left as it is", async () => {
    const { near, far } = open();
    await near.get("/a");
    expect(await warm(far, "/a", "https://www.example.com/a")).toEqual([
      { page: "/a", result: "already" },
      { page: "https://www.example.com/a", result: "already" },
    ]);
    expect(near.origin.count).toBe(1);
  });
});
