// What doctor finds in pages: each trouble brought about by a site and an origin that answer as a test says,
// and pages of which nothing is to be said.
import { describe, expect, it } from "vitest";
import { examinePages, examineWorkersDev } from "../../src/doctor/pages/examine-pages.ts";
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

async function found(
  ofSite: Script,
  ofOrigin?: Script,
  options: { paths?: string[]; explained?: object } = {},
) {
  const network = new Network(ofSite, ofOrigin);
  network.explanation = JSON.stringify(options.explained ?? {});
  const asked = {
    site,
    debugToken: async () => token,
    origin: ofOrigin && origin,
    isOriginOfSite: false,
    paths: options.paths ?? ["/"],
  };
  const told = await examinePages(asked, undefined, network.world);
  return { ...told, asked: network.asked };
}

const codesOf = (findings: readonly { code: string; level: string }[]) =>
  findings.map(({ code, level }) => `${code} ${level}`);

describe("a page", () => {
  it.each(rows)("$name", async ({ site: ofSite, origin: ofOrigin, explained, codes }) => {
    const { findings } = await found(ofSite, ofOrigin, explained ? { explained } : {});
    expect(codesOf(findings)).toEqual(codes);
  });
});

describe("several pages", () => {
  it("are those that the first page links to, and none that acts", async () => {
    const links = `<a href="/a">a</a><a class=x href='/b/'>b</a><a href="/logout">c</a>
      <a href="https://other.test/d">d</a><a href="/e?x=1">e</a><a href="#f">f</a><a href="/a#g">g</a>`;
    const { asked } = await found(
      (_, at) => ({
        ...hit(at, { "content-type": "text/html; charset=utf-8" }),
        text: links,
      }),
      undefined,
      {},
    );
    expect(new Set(asked)).toEqual(new Set([`GET ${site}/`]));
    const network = new Network((_, at) => ({
      ...hit(at, { "content-type": "text/html" }),
      text: links,
    }));
    const all = {
      site,
      debugToken: undefined,
      origin: undefined,
      isOriginOfSite: false,
      paths: undefined,
    };
    await examinePages(all, undefined, network.world);
    expect([...new Set(network.asked)]).toEqual(
      ["/", "/a", "/b/"].map((path) => `GET ${site}${path}`),
    );
  });

  it("are found where the links name the origin; interfaces and files are none", async () => {
    const text = `<a href="${origin}/a">a</a><a href="/b">b</a><a href="/wp-json/">c</a><a href="/d.pdf">d</a>`;
    const network = new Network((_, at) => ({ ...hit(at, { "content-type": "text/html" }), text }));
    const all = { site, debugToken: undefined, origin, isOriginOfSite: false, paths: undefined };
    await examinePages(all, undefined, network.world);
    const asked = network.asked.filter((one) => one.startsWith(`GET ${site}`));
    expect([...new Set(asked)]).toEqual(["/", "/b", "/a"].map((path) => `GET ${site}${path}`));
  });

  it("of which only some forbid caching are no finding", async () => {
    const { findings } = await found(
      (path, at) => (path === "/a" ? hit(at) : passed("private")),
      undefined,
      { paths: ["/", "/a"] },
    );
    expect(findings).toEqual([]);
  });

  it("of which routes do not cover one are told with its path", async () => {
    const { findings } = await found((path, at) => (path === "/a" ? hit(at) : {}), undefined, {
      paths: ["/", "/a"],
    });
    expect(findings).toMatchObject([
      { code: "not-through-tidemark", level: "warning", about: 'page "/"' },
    ]);
  });

  it("that cannot be had are told, with the reason", async () => {
    const network = new Network(wellSite);
    const asked = {
      site: "https://gone.test",
      debugToken: async () => token,
      origin: undefined,
      isOriginOfSite: false,
      paths: ["/"],
    };
    const { findings, unreachable } = await examinePages(asked, undefined, network.world);
    expect(findings).toEqual([]);
    expect(unreachable).toContain("The page / of the site");
  });
});

describe("an answer", () => {
  it("that stands still is told only once time has gone on", async () => {
    const { world } = new Network(() => hit(0));
    const asked = {
      site,
      debugToken: undefined,
      origin: undefined,
      isOriginOfSite: false,
      paths: ["/"],
    };
    const atOnce = { ...world, sleep: () => Promise.resolve() };
    expect((await examinePages(asked, undefined, atOnce)).findings).toEqual([]);
    expect(codesOf((await examinePages(asked, undefined, world)).findings)).toEqual([
      "cache-in-front critical",
    ]);
  });

  it("is asked of the origin as Tidemark asks, and of one on this machine without alarm", async () => {
    const own = "http://127.0.0.1:3000";
    const forwarded: (string | null)[] = [];
    const world = {
      ...new Network(wellSite).world,
      fetch: (async (_, init) => {
        forwarded.push(new Headers(init?.headers).get("x-forwarded-host"));
        return new Response("page", { headers: fromOrigin().fields ?? {} });
      }) as typeof fetch,
    };
    const asked = { site: undefined, debugToken: undefined, origin: own, isOriginOfSite: false };
    const alone = await examinePages({ ...asked, paths: ["/"] }, undefined, world);
    expect(alone.findings).toEqual([]);
    expect(forwarded).toEqual([null, null]);
    await examinePages({ ...asked, site, paths: ["/"] }, undefined, world);
    expect(forwarded.slice(2)).toEqual([null, null, "www.site.test", "www.site.test"]);
  });

  it("shows no value of a cookie", async () => {
    const told = await found(() => passed("route", cookie(session)));
    expect(JSON.stringify(told.findings)).not.toContain(session);
  });
});

const purges = [
  { name: "is seen", after: (at: number) => hit(0, { date: dateAt(at) }), codes: [] },
  {
    name: "is hidden by a cache in front",
    after: () => hit(0),
    codes: ["purge-not-seen critical"],
  },
  {
    name: "is undone by a cache below",
    after: () => ({
      fields: {
        date: dateAt(0),
        "cache-status": "tidemark; fwd=stale; fwd-status=200; detail=purged",
      },
    }),
    codes: ["purge-not-seen warning"],
  },
] as const;

it.each(purges)("a purge that $name", async ({ after, codes }) => {
  // The page was made five seconds before anybody looked.
  const network: Network = new Network((_, at) =>
    network.asked.some((one) => one.startsWith("POST")) ? after(at) : hit(at),
  );
  await network.world.sleep(5_000);
  const chosen = { origin: site, operatorPath: "/_cache", token };
  const asked = {
    site,
    debugToken: async () => token,
    origin: undefined,
    isOriginOfSite: false,
    paths: ["/"],
  };
  const { findings } = await examinePages(
    asked,
    new SiteClient(chosen, network.world),
    network.world,
  );
  expect(codesOf(findings)).toEqual(codes);
  expect(network.asked).toContain(`POST ${site}/_cache/purge`);
});

it("names the session that a page begins, where that is why nothing is cached", async () => {
  const begun = (value: string) => ({ "cache-control": "no-store", ...cookie(value) });
  const { findings } = await found(
    () => passed("no-store", begun("x")),
    (_, __, nth) => fromOrigin(begun(`${session}${nth}`)),
  );
  const told = findings.find(({ code }) => code === "origin-forbids-caching");
  expect(told?.cause).toContain('also starts a session, with "sid"');
  expect(told?.remedy).toContain("session_start()");
});

describe("an address at workers.dev", () => {
  const rowsOfWorkersDev = [
    { name: "that answers", script: wellSite, codes: ["workers-dev-answers warning"] },
    { name: "that is off", script: () => ({ status: 404 }), codes: [] },
  ] as const;

  it.each(rowsOfWorkersDev)("$name", async ({ script, codes }) => {
    const { findings } = await examineWorkersDev(site, new Network(script).world);
    expect(codesOf(findings)).toEqual(codes);
  });
});
