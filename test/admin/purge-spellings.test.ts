// Tests that a purge by URL, prefix or host covers a page in all equivalent spellings, and that the
// response says how the targets were read.
import { describe, expect, it } from "vitest";
import type { SiteOptions } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";

const origin = (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=600"));
const site = "https://www.example.com";

/** @returns whether the purge covers the stored response of the URL */
async function isPurged(url: string, order: object, options: SiteOptions = {}): Promise<boolean> {
  const { site: opened } = openJournalled({ origin, ...options });
  await opened.get(url);
  expect((await opened.get(url)).text).toBe("page 1");
  expect((await send(opened, order)).status).toBe(200);
  return (await (await opened.ask(url)).text()) === "page 2";
}

describe("a page with another spelling than the purge", () => {
  it.each([
    ["order", `${site}/a?b=1&&a=2`, { urls: [`${site}/a?a=2&b=1`] }],
    ["order-of-the-sender", `${site}/a?a=2&b=1`, { urls: [`${site}/a?b=1&a=2&`] }],
    ["needless-escapes", `${site}/%61?%62=%2d`, { urls: [`${site}/a?b=-`] }],
    ["needless-escapes-of-the-sender", `${site}/a?b=-`, { urls: [`${site}/%61?%62=%2d`] }],
    ["needless-escapes-and-a-prefix", `${site}/%61/b`, { prefixes: ["/a/"] }],
    ["escapes-in-small-letters", `${site}/caf%c3%a9?q=%c3%a9`, { urls: [`${site}/café?q=é`] }],
    ["small-letters-and-a-prefix", `${site}/caf%c3%a9/a`, { prefixes: ["/caf%C3%A9/"] }],
    ["star", `${site}/a*b`, { urls: [`${site}/a%2Ab`] }],
    ["star-as-an-escape", `${site}/a%2ab`, { urls: [`${site}/a%2Ab`] }],
    ["star-both-ways", `${site}/*/%2A`, { urls: [`${site}/%2A/%2A`] }],
    ["star-in-a-query", `${site}/a?b=*`, { urls: [`${site}/a?b=%2A`] }],
    ["star-in-a-prefix", `${site}/*/b`, { prefixes: ["/%2A/"] }],
    ["star-of-one-host", `${site}/%2a/b`, { prefixes: [`${site}/%2a/`] }],
    ["bracket", `${site}/a(b)`, { urls: [`${site}/a%28b%29`] }],
    ["escaped-bracket", `${site}/a?b%5Bc%5D=1`, { urls: [`${site}/a?b[c]=1`] }],
    [
      "name-escaped-by-the-client",
      `${site}/a?filter%5Ba%5D=1&filter2=3`,
      { urls: [`${site}/a?filter[a]=1&filter2=3`] },
    ],
    [
      "name-escaped-by-the-sender",
      `${site}/a?filter[a]=1&filter2=3`,
      { urls: [`${site}/a?filter%5Ba%5D=1&filter2=3`] },
    ],
    [
      "name-before-a-longer-one",
      `${site}/a?ids%5B%5D=1&ids10=2`,
      { urls: [`${site}/a?ids[]=1&ids10=2`] },
    ],
    [
      "repeats-of-an-escaped-name",
      `${site}/a?x%5B%5D=2&b=0&x%5B%5D=1`,
      { urls: [`${site}/a?b=0&x[]=2&x[]=1`] },
    ],
    ["repeats-in-two-spellings", `${site}/a?x[]=1&x%5B%5D=2`, { urls: [`${site}/a?x[]=1&x[]=2`] }],
    ["apostrophe", `${site}/it%27s`, { prefixes: ["/it's"] }],
    ["letters", `${site}/caf%C3%A9`, { urls: [`${site}/café`] }],
    ["letters-as-asked", `${site}/café`, { urls: [`${site}/caf%c3%a9`] }],
    ["letters-in-a-query", `${site}/a?q=é`, { urls: [`${site}/a?q=é`] }],
    ["letters-in-a-prefix", `${site}/caf%C3%A9/a`, { prefixes: ["/café/"] }],
    ["letters-in-a-host", "https://xn--gre-6ka8i.example/", { hosts: ["GRÖßE.example"] }],
    [
      "letters-in-a-url's-host",
      "https://xn--gre-6ka8i.example/a",
      { urls: ["https://größe.example/a"] },
    ],
    ["https-port", `${site}/a`, { hosts: ["www.example.com:443"] }],
    ["http-port", "http://www.example.com/a", { hosts: ["www.example.com:80"] }],
    ["port-80-of-https", "https://www.example.com:80/a", { hosts: ["www.example.com:80"] }],
    ["port-443-of-http", "http://www.example.com:443/a", { hosts: ["www.example.com.:443"] }],
    ["no-port", "http://www.example.com/a", { hosts: ["WWW.example.com."] }],
    ["port-of-its-own", "https://www.example.com:8443/a", { hosts: ["www.example.com:8443"] }],
    ["url-with-its-port", `${site}/a`, { urls: [`${site}:443/a`] }],
    ["prefix-with-its-port", `${site}/a`, { prefixes: [`${site}.:443/a`] }],
  ])("is covered: %s", async (_id, asked, order) => {
    expect(await isPurged(asked, order)).toBe(true);
  });
});

describe("a page with another URL than the purge", () => {
  it.each([
    { id: "escaped-percent", asked: `${site}/a%252Ab`, order: { urls: [`${site}/a%2Ab`] } },
    { id: "escaped-question-mark", asked: `${site}/a%3Fb`, order: { urls: [`${site}/a?b`] } },
    { id: "escaped-and", asked: `${site}/a?q=1&z=2`, order: { urls: [`${site}/a?q=1%26z=2`] } },
    { id: "and", asked: `${site}/a?q=1%26z=2`, order: { urls: [`${site}/a?q=1&z=2`] } },
    { id: "escaped-equals", asked: `${site}/a?b=c`, order: { urls: [`${site}/a?b%3Dc`] } },
    { id: "escaped-plus", asked: `${site}/a?b=c+d`, order: { urls: [`${site}/a?b=c%2Bd`] } },
    { id: "escaped-semicolon", asked: `${site}/a?b;c`, order: { urls: [`${site}/a?b%3Bc`] } },
    {
      id: "repeats-in-another-order",
      asked: `${site}/a?x%5B%5D=1&x%5B%5D=2`,
      order: { urls: [`${site}/a?x[]=2&x[]=1`] },
    },
    { id: "another-port", asked: `${site}:8443/a`, order: { hosts: ["www.example.com"] } },
    { id: "host-of-another-port", asked: `${site}/a`, order: { hosts: ["www.example.com:8443"] } },
  ])("is not covered: $id", async ({ asked, order }) => {
    expect(await isPurged(asked, order)).toBe(false);
  });
});

describe("a parameter that the configuration names in one spelling", () => {
  it.each([
    ["strip", "/a?a[]=1&b%5B%5D=2", "/a?a[]=1&b[]=2"],
    ["strip", "/a?a[]=1&b%5B%5D=2&c=3", "/a?a%5B%5D=1&b%5B%5D=2&c=3"],
    ["allow", "/a?a[]=1&b%5B%5D=2&c=3", "/a?a[]=1&b[]=2&c=3"],
  ])("may differ from another in its spelling, with %s: %s, %s", async (option, asked, sent) => {
    const names = ["a[]", "b[]"];
    const config =
      option === "strip"
        ? { key: { query: { strip: names } } }
        : { routes: [{ name: "list", match: "/a", query: { allow: names } }] };
    expect(await isPurged(`${site}${asked}`, { urls: [`${site}${sent}`] }, { config })).toBe(true);
  });

  it("is kept or removed in each spelling", async () => {
    const routes = [{ name: "list", match: "/list", query: { allow: ["ids[]", "größe"] } }];
    const config = { routes, key: { query: { strip: ["from[]"] } } };
    const { site: opened } = openJournalled({ origin: ({ url }) => page(url), config });
    const ask = async (url: string) => await (await opened.ask(`${site}${url}`)).text();
    expect(await ask("/list?ids%5B%5D=1&page=2")).toContain("/list?ids%5B%5D=1");
    expect(await ask("/list?ids[]=1&page=2")).toMatch(/\/list\?ids\[\]=1$/);
    expect(await ask("/list?gr%C3%B6%c3%9fe=42&page=2")).toMatch(/\/list\?gr%C3%B6%c3%9fe=42$/);
    expect(await ask("/other?from%5B%5D=1")).toMatch(/\/other$/);
  });

  it("does not make a purge cover a page that lacks another parameter", async () => {
    const routes = [{ name: "list", match: "/a", query: { allow: ["filter[a]", "page"] } }];
    const order = { urls: [`${site}/a?filter%5Ba%5D=1&page=2`] };
    expect(await isPurged(`${site}/a?filter[a]=1`, order, { config: { routes } })).toBe(false);
  });
});

interface Told {
  readonly targets: Readonly<Record<string, number | boolean>>;
  readonly readAs?: readonly { sent: string; as: readonly string[] }[];
  readonly notes?: readonly string[];
}

const config = { routes: [{ name: "api", match: "/api/*", bypass: true }] };

async function told(order: object, env: Readonly<Record<string, string>> = {}): Promise<Told> {
  const { site: opened } = openJournalled({ config, env });
  const { status, text } = await send(opened, order);
  expect(status).toBe(200);
  return JSON.parse(text) as Told;
}

describe("the response to a purge", () => {
  it("counts the targets by kind, without duplicates", async () => {
    const order = {
      tags: ["größe", "a", "a"],
      urls: [`${site}/a`, `${site}:443/a`],
      prefixes: ["/a/"],
      hosts: ["a.example", "A.example"],
      routes: ["api"],
      everything: true,
    };
    const { targets } = await told(order);
    expect(targets).toEqual({
      tags: 2,
      urls: 1,
      prefixes: 1,
      hosts: 1,
      routes: 1,
      everything: true,
    });
    expect((await told({ ...order, dryRun: true })).targets).toEqual(targets);
  });

  it("lists only the targets that were read differently than they were sent", async () => {
    const { readAs, notes } = await told({
      urls: [`${site}/a`, "HTTPS://www.example.com/%61?utm_source=mail#top"],
      prefixes: ["/a/", "/café/"],
      hosts: ["a.example", "größe.example", "a.example:443"],
    });
    expect(readAs).toEqual([
      { sent: "HTTPS://www.example.com/%61?utm_source=mail#top", as: [`${site}/a`] },
      { sent: "/café/", as: ["/caf%C3%A9/"] },
      { sent: "größe.example", as: ["xn--gre-6ka8i.example"] },
      { sent: "a.example:443", as: ["a.example", "a.example:443"] },
    ]);
    expect(notes).toBeUndefined();
  });

  it("says that SITE_HOST maps all hosts to one host", async () => {
    const order = { hosts: ["a.example", "b.example"], urls: ["https://a.example/b"] };
    const { readAs, notes, targets } = await told(order, { SITE_HOST: "www.example.com" });
    expect(readAs).toEqual([
      { sent: "https://a.example/b", as: [`${site}/b`] },
      { sent: "a.example", as: ["www.example.com"] },
      { sent: "b.example", as: ["www.example.com"] },
    ]);
    expect(notes).toEqual([
      'SITE_HOST maps every host to "www.example.com", so the purge covers all of the site.',
    ]);
    expect(targets).toMatchObject({ hosts: 1, urls: 1 });
  });

  it("says to which of several sites SITE_HOST maps a host", async () => {
    const order = { hosts: ["b.example", "b.example:8787", "c.example"] };
    const { readAs, notes } = await told(order, { SITE_HOST: "www.example.com b.example" });
    expect(readAs).toEqual([
      { sent: "b.example:8787", as: ["b.example"] },
      { sent: "c.example", as: ["www.example.com"] },
    ]);
    expect(notes).toEqual([
      'SITE_HOST maps "b.example:8787" to "b.example", so the purge covers all of the site.',
      'SITE_HOST maps "c.example" to "www.example.com", so the purge covers all of the site.',
    ]);
  });

  it.each([
    ["url-of-a-bypassing-route", { urls: [`${site}/api/a`] }, 'The route "api" bypasses the cache'],
    ["bypassing-route", { routes: ["api"] }, 'The route "api" bypasses the cache'],
    ["star-in-a-tag", { tags: ["article:*"] }, "a star in a tag is not a pattern"],
    ["decomposed-tag", { tags: ["cafe\u0301"] }, "has decomposed characters (NFD)"],
    ["list-in-one-tag", { tags: ["a, b"] }, '"a, b" was read as one tag'],
  ])("has a note on a target that is probably a mistake: %s", async (_id, order, says) => {
    expect((await told(order)).notes).toEqual([expect.stringContaining(says)]);
  });

  it.each([
    { id: "many", count: 1_000, letters: 1 },
    { id: "long", count: 15, letters: 4_000 },
  ])("has a bounded length: $id", async ({ count, letters }) => {
    const hosts = Array.from({ length: count }, (_, nth) => `H${nth}.example`);
    const urls = hosts.map((host) => `https://${host}/${"a".repeat(letters)}`);
    const answer = await told(letters > 1 ? { urls } : { hosts });
    const toldCount = answer.readAs?.length ?? 0;
    expect(JSON.stringify(answer).length).toBeLessThan(9_000);
    expect(answer.notes).toEqual([`${count - toldCount} more such remarks were left out.`]);
  });
});
