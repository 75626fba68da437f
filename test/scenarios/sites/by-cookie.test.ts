// Tests routes with the condition `when.cookie`. A client with such a cookie bypasses the cache, and
// all other requests, also Tidemark's own, go on to the next route.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { explained, explainedText, explainToken } from "../../../testing/site/explained.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

const config: ConfigInput = {
  origins: { app: { url: "https://app.invalid" } },
  routes: [
    {
      name: "signed-in",
      match: ["/blog/*", "/shop/*"],
      when: { cookie: ["session", "wordpress_logged_in_*"] },
      bypass: true,
    },
    { name: "clerk", match: "/shop/*", when: { cookie: ["clerk"] }, bypass: true, origin: "app" },
    { name: "news", match: "/shop/news", fresh: "5m", invalidate: "everywhere" },
    { name: "rest", match: "*", fresh: "5m" },
  ],
};

/** Shares every page, also a page with the client's name. Only the condition protects it. */
const origin: Script = ({ method, url, headers }, nth) =>
  method === "GET"
    ? page(`${nth} for ${headers.get("cookie")} at ${new URL(url).host}`, cc("public, max-age=600"))
    : new Response(null, { status: 204 });

const cookie = (field: string) => ({ headers: { cookie: field } });

describe("a client with a cookie of the condition", () => {
  it.each([
    "session=alice",
    "a=1; session=alice",
    "wordpress_logged_in_1=alice; b=2",
    // test/routing/name-forms.test.ts lists more, with the servers that read them.
    "a=b session=alice",
    "a=b\tsession=alice",
    "$Version=1 session=alice",
    "a=b;\u00A0session=alice",
    "a=b; session\u0085=alice",
    "\u001Fsession=alice",
    "a=[session=alice",
  ])("gets its own page from the origin, which is never stored: %s", async (field) => {
    const site = openSite({ config, origin });
    const own = await site.get("/blog/a", cookie(field));
    expect(own.text).toContain("alice");
    expect(own.cacheStatus).toContain("fwd=bypass");
    const anonymous = await site.get("/blog/a");
    expect(anonymous.text).toBe("2 for null at origin.invalid");
    expect((await site.get("/blog/a")).cacheStatus).toContain("tidemark; hit");
    expect((await site.get("/blog/a", cookie(field))).text).toContain("3 for");
    expect((await site.get("/blog/a", { ...cookie(field), method: "HEAD" })).cacheStatus).toContain(
      "fwd=bypass",
    );
  });

  it.each([
    "sessions_seen=3; my_session=1",
    "OptanonConsent=isGpcEnabled=0&session=1; last_url=%2Fa%3Fsession%3D1",
    'cart=%7B%22session%22%3A1%7D; prefs={"session": 1, "a": "b"}',
  ])("is no client with that name in another text: %s", async (field) => {
    const site = openSite({ config, origin });
    await site.get("/blog/a", cookie(field));
    expect((await site.get("/blog/a", cookie(field))).cacheStatus).toContain("tidemark; hit");
  });

  it("bypasses also by another reading of the path, and only where the route matches", async () => {
    const site = openSite({ config, origin });
    const seen = [];
    for (const path of ["/x/..;/blog/a", "/blog%2fa", "/x/a"]) {
      seen.push((await site.get(path, cookie("session=1"))).cacheStatus);
    }
    expect(seen[0]).toContain("fwd=bypass");
    expect(seen[1]).toContain("fwd=bypass");
    expect(seen[2]).not.toContain("fwd=bypass");
  });

  it("goes to the origin of the first route whose condition it meets", async () => {
    const site = openSite({ config, origin });
    const hosts = [];
    for (const field of ["clerk=1", "clerk=1; session=2", "other=1"]) {
      await site.get("/shop/news", cookie(field));
      hosts.push(new URL(site.origin.last.url).host);
    }
    expect(hosts).toEqual(["app.invalid", "origin.invalid", "origin.invalid"]);
  });
});

it("an explanation names the condition, and no value of a cookie", async () => {
  const site = openSite({ config, origin, env: { ADMIN_TOKEN: explainToken } });
  const { route, verdict } = await explained(site, "/blog/a", cookie("SESSION=alice"));
  expect(route).toMatchObject({ name: "signed-in", alsoFit: ["rest"] });
  expect(verdict).toEqual({
    kind: "pass",
    by: "route",
    case: "condition",
    values: { conditions: ["cookie session", "cookie wordpress_logged_in_*"] },
  });
  const said =
    "by the rule route: it meets the conditions of its route, which bypasses the cache: ";
  const text = await explainedText(site, "/blog/a", cookie("SESSION=alice"));
  expect(text).toContain(`${said}"cookie session", "cookie wordpress_logged_in_*".`);
  expect((await explained(site, "/blog/a")).route.name).toBe("rest");
});

it.each([{ urls: ["https://www.example.com/shop/news"] }, { routes: ["news"] }])(
  "a purge ends the page that the caching route has stored: %j",
  async (order) => {
    const { site } = openJournalled({ config, origin });
    await site.get("/shop/news");
    expect(JSON.parse((await send(site, order)).text).notes ?? []).toEqual([]);
    expect(await (await site.ask("/shop/news")).text()).toContain("2 for null");
  },
);
