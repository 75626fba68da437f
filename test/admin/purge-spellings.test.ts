// A purge by URL, prefix or host finds a page however its client and the sender have spelled it, and
// its answer says how it was read.
import { describe, expect, it } from "vitest";
import type { SiteOptions } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";

const origin = (_: Request, nth: number) => page(`page ${nth}`, cc("max-age=600"));
const site = "https://www.example.com";

/** @returns whether what is stored for the URL is gone after the purge */
async function isPurged(url: string, order: object, options: SiteOptions = {}): Promise<boolean> {
  const { site: opened } = openJournalled({ origin, ...options });
  await opened.get(url);
  expect((await opened.get(url)).text).toBe("page 1");
  expect((await send(opened, order)).status).toBe(200);
  return (await (await opened.ask(url)).text()) === "page 2";
}

describe("a page is found", () => {
  it.each([
    { id: "star", asked: `${site}/a*b`, order: { urls: [`${site}/a%2Ab`] } },
    { id: "star-as-an-escape", asked: `${site}/a%2ab`, order: { urls: [`${site}/a%2Ab`] } },
    { id: "star-both-ways", asked: `${site}/*/%2A`, order: { urls: [`${site}/%2A/%2A`] } },
    { id: "star-in-a-query", asked: `${site}/a?b=*`, order: { urls: [`${site}/a?b=%2A`] } },
    { id: "star-in-a-prefix", asked: `${site}/*/b`, order: { prefixes: ["/%2A/"] } },
    { id: "star-of-one-host", asked: `${site}/%2a/b`, order: { prefixes: [`${site}/%2a/`] } },
    { id: "bracket", asked: `${site}/a(b)`, order: { urls: [`${site}/a%28b%29`] } },
    { id: "escaped-bracket", asked: `${site}/a?b%5Bc%5D=1`, order: { urls: [`${site}/a?b[c]=1`] } },
    {
      id: "name-escaped-by-the-client",
      asked: `${site}/a?filter%5Ba%5D=1&filter2=3`,
      order: { urls: [`${site}/a?filter[a]=1&filter2=3`] },
    },
    {
      id: "name-escaped-by-the-sender",
      asked: `${site}/a?filter[a]=1&filter2=3`,
      order: { urls: [`${site}/a?filter%5Ba%5D=1&filter2=3`] },
    },
    {
      id: "name-before-a-longer-one",
      asked: `${site}/a?ids%5B%5D=1&ids10=2`,
      order: { urls: [`${site}/a?ids[]=1&ids10=2`] },
    },
    {
      id: "repeats-of-an-escaped-name",
      asked: `${site}/a?x%5B%5D=2&b=0&x%5B%5D=1`,
      order: { urls: [`${site}/a?b=0&x[]=2&x[]=1`] },
    },
    { id: "apostrophe", asked: `${site}/it%27s`, order: { prefixes: ["/it's"] } },
    { id: "letters", asked: `${site}/caf%C3%A9`, order: { urls: [`${site}/café`] } },
    { id: "letters-as-asked", asked: `${site}/café`, order: { urls: [`${site}/caf%c3%a9`] } },
    { id: "letters-in-a-query", asked: `${site}/a?q=é`, order: { urls: [`${site}/a?q=é`] } },
    { id: "letters-in-a-prefix", asked: `${site}/caf%C3%A9/a`, order: { prefixes: ["/café/"] } },
    {
      id: "letters-in-a-host",
      asked: "https://xn--gre-6ka8i.example/",
      order: { hosts: ["GRÖßE.example"] },
    },
    {
      id: "letters-in-a-url's-host",
      asked: "https://xn--gre-6ka8i.example/a",
      order: { urls: ["https://größe.example/a"] },
    },
    { id: "https-port", asked: `${site}/a`, order: { hosts: ["www.example.com:443"] } },
    {
      id: "http-port",
      asked: "http://www.example.com/a",
      order: { hosts: ["www.example.com:80"] },
    },
    {
      id: "port-80-of-https",
      asked: "https://www.example.com:80/a",
      order: { hosts: ["www.example.com:80"] },
    },
    {
      id: "port-443-of-http",
      asked: "http://www.example.com:443/a",
      order: { hosts: ["www.example.com.:443"] },
    },
    { id: "no-port", asked: "http://www.example.com/a", order: { hosts: ["WWW.example.com."] } },
    {
      id: "port-of-its-own",
      asked: "https://www.example.com:8443/a",
      order: { hosts: ["www.example.com:8443"] },
    },
    { id: "url-with-its-port", asked: `${site}/a`, order: { urls: [`${site}:443/a`] } },
    { id: "prefix-with-its-port", asked: `${site}/a`, order: { prefixes: [`${site}.:443/a`] } },
  ])("$id", async ({ asked, order }) => {
    expect(await isPurged(asked, order)).toBe(true);
  });
});

describe("another page is left", () => {
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
  ])("$id", async ({ asked, order }) => {
    expect(await isPurged(asked, order)).toBe(false);
  });
});

describe("a parameter that counts in one spelling alone", () => {
  const plain = "/a?filter[a]=1&page=2";
  const escaped = "/a?filter%5Ba%5D=1&page=2";
  const bothWays = [
    { asked: plain, sent: plain },
    { asked: plain, sent: escaped },
    { asked: escaped, sent: plain },
    { asked: escaped, sent: escaped },
  ];
  const names = ["filter[a]", "filter%5Ba%5D", "filter[*", "filter%5B*"];
  const rows = names.flatMap((name) => bothWays.map(({ asked, sent }) => ({ name, asked, sent })));

  it.each(rows)("allowed as $name: $asked, $sent", async ({ name, asked, sent }) => {
    const routes = [{ name: "list", match: "/a", query: { allow: [name, "page"] } }];
    const order = { urls: [`${site}${sent}`] };
    expect(await isPurged(`${site}${asked}`, order, { config: { routes } })).toBe(true);
  });

  it.each(rows)("stripped as $name: $asked, $sent", async ({ name, asked, sent }) => {
    const key = { query: { strip: [name] } };
    const order = { urls: [`${site}${sent}`] };
    expect(await isPurged(`${site}${asked}`, order, { config: { key } })).toBe(true);
  });

  it("leaves what lacks a parameter that every spelling keeps", async () => {
    const routes = [{ name: "list", match: "/a", query: { allow: ["filter[a]", "page"] } }];
    const order = { urls: [`${site}${escaped}`] };
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

describe("the answer", () => {
  it("counts by kind what the order became", async () => {
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

  it("tells what is read otherwise than it was sent, and nothing else", async () => {
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

  it("says that SITE_HOST makes all hosts one", async () => {
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

  it("says which of several sites SITE_HOST makes a host", async () => {
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
    {
      id: "url-passed-by",
      order: { urls: [`${site}/api/a`] },
      says: 'The route "api" bypasses the cache',
    },
    {
      id: "route-passed-by",
      order: { routes: ["api"] },
      says: 'The route "api" bypasses the cache',
    },
    {
      id: "star-in-a-tag",
      order: { tags: ["article:*"] },
      says: "a star in a tag is not a pattern",
    },
    { id: "list-in-one-tag", order: { tags: ["a, b"] }, says: '"a, b" was read as one tag' },
  ])("notes what is hardly meant: $id", async ({ order, says }) => {
    expect((await told(order)).notes).toEqual([expect.stringContaining(says)]);
  });

  it.each([
    { id: "many", count: 1_000, letters: 1 },
    { id: "long", count: 15, letters: 4_000 },
  ])("is bounded: $id", async ({ count, letters }) => {
    const hosts = Array.from({ length: count }, (_, nth) => `H${nth}.example`);
    const urls = hosts.map((host) => `https://${host}/${"a".repeat(letters)}`);
    const answer = await told(letters > 1 ? { urls } : { hosts });
    const toldCount = answer.readAs?.length ?? 0;
    expect(JSON.stringify(answer).length).toBeLessThan(9_000);
    expect(answer.notes).toEqual([`${count - toldCount} more such remarks were left out.`]);
  });
});
