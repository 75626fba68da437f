// Tests the findings of doctor on pages. A scripted site and origin produce each fault.
import { describe, expect, it } from "vitest";
import { examinePages } from "../../src/doctor/pages/examine-pages.ts";
import { SiteClient } from "../../src/site/site-client.ts";
import { cookie, rows, session, wellSite } from "./page-rows.ts";
import {
  dateAt,
  fromOrigin,
  hit,
  Network,
  origin,
  passed,
  type Script,
  site,
  token,
} from "./scripted-network.ts";

type Asked = Parameters<typeof examinePages>[0];
type PagesWorld = Parameters<typeof examinePages>[2];

/** Examines the page `/` of the site without a token, unless `changed` says otherwise. */
const examined = (world: PagesWorld, changed: Partial<Asked> = {}, client?: SiteClient) =>
  examinePages(
    {
      site,
      debugToken: undefined,
      origin: undefined,
      isOriginOfSite: false,
      paths: ["/"],
      ...changed,
    },
    client,
    world,
  );

function found(ofSite: Script, ofOrigin?: Script, explanation: object = {}) {
  const network = new Network(ofSite, ofOrigin);
  network.explanation = JSON.stringify(explanation);
  return examined(network.world, { debugToken: async () => token, origin: ofOrigin && origin });
}

const codesOf = (findings: readonly { code: string; level: string }[]) =>
  findings.map(({ code, level }) => `${code} ${level}`);

describe("doctor on one page", () => {
  it.each(rows)("reports exactly the expected findings: %s", async (_, page, ...codes) => {
    const { copy } = page;
    const explanation = copy && { look: { tiers: [{ tier: "memory", copy }] } };
    const { findings } = await found(page.site, page.origin, explanation);
    expect(codesOf(findings)).toEqual(codes);
  });
});

describe("doctor on several pages", () => {
  const linking = (text: string, ofOrigin?: Script) =>
    new Network((_, at) => ({ ...hit(at, { "content-type": "text/html" }), text }), ofOrigin);
  const askedOf = ({ asked }: Network) =>
    [...new Set(asked)].filter((one) => one.startsWith(`GET ${site}`));
  const getting = (...paths: string[]) => paths.map((path) => `GET ${site}${path}`);

  it("examines linked pages if no path is given, but no logout, query or other site", async () => {
    const text = `<a href="/a">a</a><a class=x href='/b/'>b</a><a href="/logout">c</a>
      <a href="https://other.test/d">d</a><a href="/e?x=1">e</a><a href="#f">f</a><a href="/a#g">g</a>`;
    const [named, all] = [linking(text), linking(text)];
    await examined(named.world);
    expect(askedOf(named)).toEqual(getting("/"));
    await examined(all.world, { paths: undefined });
    expect(askedOf(all)).toEqual(getting("/", "/a", "/b/"));
  });

  it("also follows links to the origin, but not to an API or a file", async () => {
    const network = linking(
      `<a href="${origin}/a">a</a><a href="/b">b</a><a href="/wp-json/">c</a><a href="/d.pdf">d</a>`,
    );
    await examined(network.world, { origin, paths: undefined });
    expect(askedOf(network)).toEqual(getting("/", "/b", "/a"));
  });

  it("reports nothing if only one of two pages forbids caching", async () => {
    const network = new Network((path, at) => (path === "/a" ? hit(at) : passed("private")));
    expect((await examined(network.world, { paths: ["/", "/a"] })).findings).toEqual([]);
  });

  it("names the site's own cookies with which a client does not get the stored page", async () => {
    const setting = { "set-cookie": "theme=dark; Path=/" };
    const network = new Network((path, at, _, sent) => {
      if (path === "/login") return passed("private", { "cache-control": "private", ...setting });
      return sent.get("cookie") === "theme=dark" ? passed('"unknown-cookie: theme"') : hit(at);
    });
    const { findings } = await examined(network.world, { paths: ["/", "/login"] });
    expect(findings).toMatchObject([
      {
        code: "cookie-unknown",
        level: "warning",
        about: 'page "/"',
        remedy: expect.stringContaining('cookies: { harmless: ["theme"] }'),
      },
    ]);
  });

  it("names the page that does not pass through Tidemark", async () => {
    const network = new Network((path, at) => (path === "/a" ? hit(at) : {}));
    const { findings } = await examined(network.world, { paths: ["/", "/a"] });
    expect(findings).toMatchObject([
      { code: "not-through-tidemark", level: "warning", about: 'page "/"' },
    ]);
  });

  it("names the page that cannot be reached", async () => {
    const { world } = new Network(wellSite);
    const { findings } = await examined(world, { site: "https://gone.test" });
    expect(findings).toMatchObject([
      {
        code: "unreachable",
        level: "critical",
        what: "No page of https://gone.test could be fetched.",
        cause: expect.stringContaining("The page / of the site"),
      },
    ]);
  });
});

describe("doctor with one response", () => {
  it("reports a ttl that does not fall only if time has passed between the requests", async () => {
    const { world } = new Network(() => hit(0));
    const atOnce = { ...world, sleep: () => Promise.resolve() };
    expect((await examined(atOnce)).findings).toEqual([]);
    expect(codesOf((await examined(world)).findings)).toEqual(["cache-in-front critical"]);
  });

  it("reports nothing for a local origin, and sends it the host of a given site", async () => {
    const own = "http://127.0.0.1:3000";
    const forwarded: (string | null)[] = [];
    const world = {
      ...new Network(wellSite).world,
      fetch: (async (_, init) => {
        forwarded.push(new Headers(init?.headers).get("x-forwarded-host"));
        return new Response("page", { headers: fromOrigin().fields ?? {} });
      }) as typeof fetch,
    };
    expect((await examined(world, { site: undefined, origin: own })).findings).toEqual([]);
    expect(forwarded).toEqual([null, null, null]);
    await examined(world, { origin: own });
    const ofSite = Array.from({ length: 3 }, () => "www.site.test");
    expect(forwarded.slice(3)).toEqual([null, null, ...ofSite]);
  });

  it("does not show the value of a cookie", async () => {
    const told = await found(() => passed("route", cookie(session)));
    expect(JSON.stringify(told.findings)).not.toContain(session);
  });
});

const undone = {
  date: dateAt(0),
  "cache-status": "tidemark; fwd=stale; fwd-status=200; detail=purged",
};

it.each<[string, (at: number) => ReturnType<Script>, ...string[]]>([
  ["takes effect", (at) => hit(0, { date: dateAt(at) })],
  ["is hidden by a cache in front", () => hit(0), "purge-not-seen critical"],
  ["is undone by a cache behind", () => ({ fields: undone }), "purge-not-seen warning"],
  ["is followed by an error", () => ({ status: 503 }), "unreachable warning"],
  [
    "is followed by no answer",
    () => {
      throw new TypeError("fetch failed");
    },
    "unreachable warning",
  ],
])(
  "doctor reports exactly the expected findings if its test purge %s",
  async (_, after, ...codes) => {
    const network: Network = new Network((_path, at) =>
      network.asked.some((one) => one.startsWith("POST")) ? after(at) : hit(at),
    );
    // The page is five seconds old.
    await network.world.sleep(5_000);
    const client = new SiteClient({ origin: site, operatorPath: "/_cache", token }, network.world);
    const { findings } = await examined(network.world, { debugToken: async () => token }, client);
    expect(codesOf(findings)).toEqual(codes);
    expect(network.asked).toContain(`POST ${site}/_cache/purge`);
  },
);

it("doctor names the session cookie that prevents the caching of a page", async () => {
  const begun = (value: string) => ({ "cache-control": "no-store", ...cookie(value) });
  const { findings } = await found(
    () => passed("no-store", begun("x")),
    (_, __, nth) => fromOrigin(begun(`${session}${nth}`)),
  );
  const told = findings.find(({ code }) => code === "origin-forbids-caching");
  expect(told?.cause).toContain('also starts a session, with "sid"');
  expect(told?.remedy).toContain("session_start()");
});

it.each([
  [["application/json"], '"text/html", "application/json" in key.accept'],
  [["text/markdown"], '"text/html", "text/markdown" in key.accept'],
  [
    ["application/json", "text/markdown"],
    '"text/html", "application/json", "text/markdown" in key.accept',
  ],
])("doctor names the option for types that Vary does not tell: %j", async (types, option) => {
  const { findings } = await found(
    (_, at) => hit(at),
    (_, __, ___, headers) => {
      const accept = headers.get("accept") ?? "";
      return fromOrigin({ "content-type": types.includes(accept) ? accept : "text/html" });
    },
  );
  const told = findings.find(({ code }) => code === "varies-silently");
  expect(told?.cause).toContain(`By Accept, it is also ${types.join(" or ")}.`);
  expect(told?.remedy).toBe(
    `Let the origin name the field in Vary, or list ${option} of the route.`,
  );
});
