// A request that comes back to where it went forward from: Via names each proxy on the way
// (RFC 9110 §7.6.3), and 508 says that there is a loop.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeUpstash } from "../fakes/fake-upstash.ts";
import { type AskInit, openColos, openSite, type Site, until } from "../fakes/harness.ts";
import { cc, closedGate, page } from "../fakes/origin-in-process.ts";

const siteHost = { SITE_HOST: "www.example.com" };

/** Its origin is the Worker itself: what is forwarded comes in again, at this site or another. */
function leadBackTo(site: Site, to: Site = site): void {
  site.origin.script = ({ url, method, headers }) =>
    to.ask(url, { method, headers: Object.fromEntries(headers) });
}

describe("Via", () => {
  it.each<{ id: string; init: AskInit; before: string }>([
    { id: "looked-up", init: {}, before: "" },
    { id: "passed-by", init: { method: "POST" }, before: "" },
    { id: "after-others", init: { headers: { via: "1.0 a, 2 b" } }, before: "1.0 a, 2 b, " },
    {
      id: "passed-after-others",
      init: { method: "POST", headers: { via: "1.0 a" } },
      before: "1.0 a, ",
    },
  ])("names this deployment to the origin: $id", async ({ init, before }) => {
    const site = openSite();
    await site.get("/a", init);
    expect(site.origin.last.fields.get("via")).toMatch(
      new RegExp(`^${before}1\\.1 tidemark-[\\w-]{11}$`),
    );
  });
});

describe("an origin that is this Worker itself", () => {
  it.each<{ id: string; init: AskInit }>([
    { id: "looked-up", init: {} },
    { id: "head", init: { method: "HEAD" } },
    { id: "passed-by", init: { method: "POST", body: "a" } },
    { id: "upgrade", init: { headers: { upgrade: "websocket" } } },
    { id: "by-way-of-another", init: { headers: { via: "1.1 front" } } },
  ])("is told at once, after one request: $id", async ({ init }) => {
    const site = openSite({ env: siteHost });
    leadBackTo(site);
    const seen = await site.get("/a", init);
    expect([seen.status, site.origin.count]).toEqual([508, 1]);
    expect(seen.fields.get("proxy-status")).toBe("tidemark; error=proxy_loop_detected");
    expect(seen.text).toBe(
      "508 Loop Detected\n\nThis site leads back to itself. Only who runs it can mend that.\n",
    );
    expect(`${seen.head}${seen.text}`).not.toContain("origin.invalid");
  });

  it("is told to all who wait for one answer", async () => {
    const site = openSite({ env: siteHost });
    const gate = closedGate();
    site.origin.script = async ({ url, headers }) => {
      await gate.opened;
      return site.ask(url, { headers: Object.fromEntries(headers) });
    };
    const asking = [1, 2, 3].map(() => site.get("/a"));
    await until(() => site.origin.count === 1);
    gate.open();
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual([508, 508, 508]);
  });

  it("is told where one forward serves the world", async () => {
    const clock = new FakeClock();
    const config = { routes: [{ name: "all", match: "*", collapse: "global" as const }] };
    const sites = openColos(2, { clock, config, env: siteHost, upstash: new FakeUpstash(clock) });
    const [near, far] = sites as [Site, Site];
    leadBackTo(near, far);
    const seen = await near.get("/a");
    await far.settle();
    expect([seen.status, near.origin.count]).toEqual([508, 1]);
  });

  it("is nothing to store, to retry, or to leave alone", async () => {
    const site = openSite({ env: siteHost });
    leadBackTo(site);
    for (let nth = 1; nth <= 8; nth += 1) {
      expect((await site.get(`/${nth}`)).status).toBe(508);
    }
    expect(site.origin.count).toBe(8);
    site.origin.script = () => page("mended", cc("max-age=60"));
    expect((await site.get("/1")).text).toBe("mended");
  });

  it("takes no stored answer from anybody, and is hidden by none", async () => {
    const site = openSite({
      env: siteHost,
      origin: () => page("page", cc("max-age=60, stale-if-error=600", { etag: '"1"' })),
    });
    await site.get("/a");
    leadBackTo(site);
    expect((await site.get("/a")).text).toBe("page");
    site.clock.advance(61);
    expect((await site.get("/a")).status).toBe(508);
    site.origin.script = () => new Response(null, { status: 503 });
    expect((await site.get("/a")).text).toBe("page");
  });

  it("is logged once a minute, with the setting that is wrong", async () => {
    const config = {
      origins: { api: { url: "https://api.invalid" } },
      routes: [{ name: "api", match: "/api/*", origin: "api" }],
    };
    const site = openSite({ env: siteHost, config });
    leadBackTo(site);
    await site.get("/a");
    await site.get("/b", { method: "POST" });
    site.clock.advance(60);
    await site.get("/api/a");
    expect(site.log).toEqual([
      'The origin "default" leads back to this Worker, so requests for it are answered with 508. ' +
        "Set ORIGIN_URL or the binding ORIGIN to the server behind this Worker, " +
        "not to this Worker's own address.",
      'The origin "api" leads back to this Worker, so requests for it are answered with 508. ' +
        "Set origins.api to the server behind this Worker, not to this Worker's own address.",
    ]);
  });
});

it("lets a request that has come back have what is stored", async () => {
  const site = openSite({ origin: () => page("page", cc("max-age=60")) });
  await site.get("/a");
  const via = site.origin.last.fields.get("via") ?? "";
  expect((await site.get("/a", { headers: { via } })).text).toBe("page");
});

it("lets one Tidemark stand behind another", async () => {
  const behind = openSite({ env: { ORIGIN_URL: "https://app.invalid" } });
  const front = openSite();
  leadBackTo(front, behind);
  const seen = await front.get("/a");
  expect([seen.status, seen.text, behind.origin.count]).toEqual([200, "page", 1]);
  expect(behind.origin.last.fields.get("via")).toMatch(/^1\.1 tidemark-\S+, 1\.1 tidemark-\S+$/);
});
