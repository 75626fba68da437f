// Tests `tidemark warm` through a site's address: its requests, its report, and the arguments that
// it refuses.
import { describe, expect, it } from "vitest";
import { hit, listOf, page, pages, site, stored, WarmUser } from "./warm-user.ts";

describe("pages of a list", () => {
  it("are requested once each, without the token", async () => {
    const user = await WarmUser.at();
    const input = "/a\nhttps://www.example.com/b?x=1#part\n/a\n\n# a remark\r\n/c d\r\n";
    const env = { TIDEMARK_SITE: site, TIDEMARK_TOKEN: "secret-x" };
    const ran = await user.warms(["--list", "-"], { input, env });
    expect(ran.code).toBe(0);
    expect(user.site.urls).toEqual([`${site}/a`, `${site}/b?x=1`, `${site}/c%20d`]);
    const [first] = user.site.asked;
    expect(first?.headers.get("user-agent")).toMatch(/^tidemark-cli\/\d/);
    expect(first?.headers.get("accept-encoding")).toContain("gzip");
    expect(first?.headers.get("authorization")).toBeNull();
    for (const { headers } of user.site.asked) {
      expect([...headers.values()].join()).not.toContain("secret-x");
    }
  });

  it("are requested with the fields of their JSON line", async () => {
    const user = await WarmUser.at();
    const input = '{"url":"/a","headers":{"Accept-Language":"de"}}\n{"url":1}\n{';
    const { notes } = await user.warms(["--list", "-"], { input });
    expect(user.site.asked[0]?.headers.get("accept-language")).toBe("de");
    expect(notes).toContain("Skipped: 2 are lines that could not be read.");
  });

  it("are skipped and counted if they belong to other hosts or are operator's routes", async () => {
    const user = await WarmUser.at();
    const input = "https://other.test/a\n/_cache/stats\nno-page\n//other.test/b\n/a\nftp://x/y";
    const { code, out } = await user.warms(["--list", "-", "--json"], { input });
    expect(code).toBe(0);
    expect(user.site.urls).toEqual([`${site}/a`]);
    expect(JSON.parse(out).sources.skipped).toEqual({
      twice: 0,
      "other-host": 1,
      "no-url": 3,
      "operator-route": 1,
      "too-many": 0,
    });
  });
});

const outcomes: readonly [cacheStatus: string, result: string][] = [
  [hit, "already"],
  [stored, "warmed"],
  ["tidemark; hit; ttl=-3; detail=memory", "warmed"],
  ["tidemark; fwd=uri-miss; collapsed", "warmed"],
  ["tidemark; fwd=stale; fwd-status=304; stored", "warmed"],
  [`ExampleCache; hit, ${stored}`, "warmed"],
  [`"a, cache"; hit; detail="x, y", ${hit}`, "already"],
  [`tidemark; fwd=bypass; detail=route, ${hit}`, "already"],
  ["tidemark; fwd=uri-miss; fwd-status=200; detail=private", "not-stored"],
  ['tidemark; fwd=stale; detail="purged, private"', "not-stored"],
  ["tidemark; fwd=bypass; fwd-status=200; detail=route", "passed-by"],
];

describe("the report of warm", () => {
  it.each(outcomes)("counts a response with the Cache-Status %s as %s", async (status, is) => {
    const user = await WarmUser.at(() => page(status));
    const { code, out } = await user.warms(["/a", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ site, results: { [is]: 1 } });
  });

  it("counts a response with status 404 as failed, and the command exits with 3", async () => {
    const user = await WarmUser.at(({ pathname }) =>
      pathname === "/b" ? page("tidemark; fwd=uri-miss; fwd-status=404", 404) : undefined,
    );
    const { code, out } = await user.warms(["/a", "/b"]);
    expect(code).toBe(3);
    expect(out).toContain(`failed: ${site}/b (status 404)`);
  });

  it("counts a redirect, which the command does not follow", async () => {
    const user = await WarmUser.at(() => page(stored, 301, { location: "https://other.test/" }));
    expect((await user.warms(["/a"])).code).toBe(0);
    expect(user.site.asked).toMatchObject([{ url: `${site}/a`, redirect: "manual" }]);
  });

  it("counts responses that were not stored by their reason", async () => {
    const user = await WarmUser.at(() => page("tidemark; fwd=uri-miss; detail=set-cookie"));
    const { code, out } = await user.warms(pages(3));
    expect(code).toBe(0);
    expect(out).toContain("not-stored: set-cookie: 3");
  });
});

describe("the pause after a failure", () => {
  it("lasts as long as Retry-After", async () => {
    const user = await WarmUser.at((_, times) =>
      times === 1 ? page("tidemark; fwd=uri-miss", 503, { "retry-after": "7" }) : undefined,
    );
    user.atMs = Date.now();
    const { code, notes } = await user.warms(["/a"]);
    expect(code).toBe(0);
    const [first, second] = user.site.asked;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(7_000);
    expect(notes).toContain("continuing in 7 s");
  });

  it("doubles each time, up to a minute", async () => {
    const user = await WarmUser.at(() => page("tidemark; fwd=uri-miss", 502));
    await user.warms(["--list", "-", "--concurrency", "1"], { input: listOf(pages(9)) });
    const atMs = user.site.asked.map((asked) => asked.atMs);
    const pauses = atMs.slice(1, 9).map((at, nth) => (at - (atMs[nth] ?? 0)) / 1_000);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it("lasts a second again after a request has succeeded", async () => {
    const user = await WarmUser.at((_, times) =>
      times === 1 ? page("tidemark; fwd=uri-miss", 504) : page(stored),
    );
    const beganAtMs = user.atMs;
    expect((await user.warms([...pages(4), "--concurrency", "1"])).code).toBe(0);
    expect(user.atMs - beganAtMs).toBe(4_000);
  });
});

describe("a failure of the site", () => {
  it("for one page makes the page fail after three tries", async () => {
    const user = await WarmUser.at(({ pathname }) =>
      pathname === "/b" ? page("tidemark; fwd=uri-miss", 502) : undefined,
    );
    const { code } = await user.warms(["/a", "/b", "/c"]);
    expect(code).toBe(3);
    expect(user.site.urls.filter((url) => url.endsWith("/b"))).toHaveLength(3);
  });

  it("ends the command with 1 after 20 failed requests in a row", async () => {
    const user = await WarmUser.at(({ pathname }) => {
      if (Number(pathname.slice(1)) < 10) return undefined;
      throw new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
    });
    const input = listOf(pages(60));
    const args = ["--list", "-", "--json", "--concurrency", "1"];
    const ran = await user.warms(args, { input });
    expect(ran.code).toBe(1);
    expect(JSON.parse(ran.out)).toMatchObject({ error: { code: "site-in-trouble" } });
    expect(user.site.asked).toHaveLength(10 + 20);
  });

  it("does not end the command if a request in between succeeds", async () => {
    const user = await WarmUser.at(({ pathname }) =>
      Number(pathname.slice(1)) % 6 === 0 ? undefined : page("tidemark; fwd=uri-miss", 504),
    );
    const args = ["--list", "-", "--json", "--concurrency", "1"];
    const ran = await user.warms(args, { input: listOf(pages(18)) });
    expect([ran.code, JSON.parse(ran.out).results]).toMatchObject([3, { warmed: 3, failed: 15 }]);
  });

  it("ends all requests at once, even if others wait for a long Retry-After", async () => {
    const user = await WarmUser.at(({ pathname }) =>
      page("tidemark; fwd=uri-miss", 503, {
        "retry-after": pathname === "/3" ? "901" : "900",
      }),
    );
    const beganAtMs = user.atMs;
    const { code } = await user.warms(["--list", "-"], { input: listOf(pages(8)) });
    expect(code).toBe(1);
    expect(user.atMs - beganAtMs).toBeLessThan(10_000);
  });

  it("ends the command with 1 if Retry-After is long", async () => {
    const user = await WarmUser.at(() =>
      page("tidemark; fwd=uri-miss", 429, { "retry-after": "9000" }),
    );
    const { code, notes } = await user.warms(["/a"]);
    expect(code).toBe(1);
    expect(notes).toContain("Retry-After of 9000 s");
  });

  it.each([1, 100])(
    "ends the command with 1 if the responses are not from Tidemark: %i pages",
    async (count) => {
      const user = await WarmUser.at(() => new Response("page"));
      const { code, notes } = await user.warms(pages(count));
      expect(code).toBe(1);
      expect(notes).toContain("did not answer like Tidemark");
      expect(user.site.asked.length).toBeLessThan(10);
    },
  );
});

const refused = [
  ["no source", [], "No source is specified"],
  ["a rate of 0", ["/a", "--rate", "0"], "requests per second"],
  ["a concurrency of 0", ["/a", "--concurrency", "0"], "from 1 to 64"],
  ["--within with --rate", ["/a", "--within", "--rate", "5"], "Omit --rate or --within"],
  ["a missing file", ["--list", "gone.txt"], "There is no file"],
  ["a folder", ["--list", "."], "It is a folder"],
  ["stdin twice", ["--list", "-", "--list", "-"], "stdin is used twice"],
  ["no page of the site", ["https://other.test/"], "no page of the site"],
  [
    "a sitemap URL with a password",
    ["--sitemap", "https://u:pass-x@www.example.com/s.xml"],
    "or a password",
  ],
  ["an invalid URL of a sitemap", ["--sitemap", "https://"], '"https://" is not a URL'],
  ["--within without a token", ["/a", "--within"], "There is no token"],
] as const;

describe("`tidemark warm` with invalid arguments", () => {
  it.each(refused)("requests nothing: %s", async (_name, args, says) => {
    const user = await WarmUser.at();
    const ran = await user.warms(args);
    expect([ran.code, user.site.asked]).toEqual([2, []]);
    expect(ran.notes).toContain(says);
    expect(ran.notes + ran.out).not.toContain("pass-x");
  });
});

it("warm --dry-run lists the pages, and requests none", async () => {
  const user = await WarmUser.at();
  const ran = await user.warms(["/a", "/b?x", "--dry-run"]);
  expect(ran).toMatchObject({ code: 0, out: "/a\n/b?x\n" });
  expect(user.site.asked).toEqual([]);
});

it("warm --rate limits the number of requests per second", async () => {
  const user = await WarmUser.at();
  await user.warms(["--list", "-", "--rate", "2"], { input: listOf(pages(10)) });
  const atMs = user.site.asked.map((asked) => asked.atMs);
  const gaps = atMs.slice(1).map((at, nth) => at - (atMs[nth] ?? 0));
  expect(gaps).toEqual(Array.from({ length: 9 }, () => 500));
});

it.each([
  { args: [], atOnce: 4 },
  { args: ["--concurrency", "1"], atOnce: 1 },
  { args: ["--concurrency", "9"], atOnce: 9 },
])("warm sends $atOnce requests at once with the options $args", async ({ args, atOnce }) => {
  let [underWay, most] = [0, 0];
  const user = await WarmUser.at(async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return page(hit);
  });
  const ran = await user.warms(["--list", "-", ...args], { input: listOf(pages(40)) });
  expect([ran.code, most]).toEqual([0, atOnce]);
});

it("an interrupted warm exits with 130, and the next run finds its pages stored", async () => {
  const user = await WarmUser.at();
  user.interruptAfter = 80;
  const input = listOf(pages(200));
  const ran = await user.warms(["--list", "-"], { input });
  expect(ran.code).toBe(130);
  expect(ran.out).toContain("Run the same command again");
  user.interruptAfter = Infinity;
  const again = await user.warms(["--list", "-", "--json"], { input });
  expect([again.code, JSON.parse(again.out).results.already]).toEqual([0, 80]);
});
