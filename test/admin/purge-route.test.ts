// Tests POST /_cache/purge: valid and invalid orders, the response, and a journal that cannot
// accept a purge (docs/internals/purge-protocol.md; rule 21).
import { describe, expect, it } from "vitest";
import { openSite } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import {
  bearer,
  codeOf,
  openJournalled,
  send,
  signedHeaders,
} from "../../testing/site/purge-sender.ts";

const red = { tags: ["red"] };
const errorOf = (text: string) =>
  (JSON.parse(text) as { error: { why: string; hint: string } }).error;
const nothing = { tags: 0, urls: 0, prefixes: 0, hosts: 0, routes: 0, everything: false };
const config = { routes: [{ name: "articles", match: "/articles/*" }] };

describe("an order to purge", () => {
  it.each<[id: string, body: string | object, why: string, hint?: string]>([
    ["no-json", "{", "The body is not JSON."],
    ["nothing-at-all", "", "The body is not JSON."],
    ["null", "null", "The body must be an object."],
    ["list", "[]", "The body must be an object."],
    ["text", '"red"', "The body must be an object."],
    ["unknown-field", { tag: "red" }, '"tag" is not a field of a purge'],
    ["two-unknown", { ...red, a: 1, b: 2 }, '"a", "b" is not a field'],
    ["later", { ...red, at: "2026-12-24T09:00:00Z" }, '"at" is not a field of a purge'],
    ["prototype", '{"__proto__":{"everything":true}}', '"__proto__" is not a field of a purge'],
    ["tags-as-text", { tags: "red" }, "tags must be an array of tags."],
    ["a-number-as-tag", { tags: [1] }, "tags.0 must be a string."],
    ["blank-tag", { tags: [" "] }, "A name is empty."],
    ["urls-as-object", { urls: {} }, "urls must be an array of URLs."],
    ["everything-as-text", { everything: "yes" }, "must be true or false"],
    ["another-mode", { ...red, mode: "gentle" }, 'mode must be "hard" or "soft".'],
    ["dry-run-as-text", { ...red, dryRun: "yes" }, "dryRun must be true or false."],
    ["reason-as-number", { ...red, reason: 1 }, "reason must be a string."],
    ["long-reason", { ...red, reason: "x".repeat(513) }, "over 512 characters"],
    ["empty", {}, "It names nothing to purge."],
    ["empty-lists", { tags: [], urls: [] }, "It names nothing to purge."],
    ["not-everything", { everything: false }, "It names nothing to purge."],
    ["long-tag", { tags: ["ü".repeat(129)] }, "A tag is over 256 bytes."],
    ["unknown-route", { routes: ["article"] }, 'No route has the name "article".'],
    [
      "path-as-url",
      { urls: ["/a"] },
      '"/a" does not begin with https:// or http:// and a host.',
      'Write the full URL, such as https://www.example.com/a; for a path on every host, write "prefixes": ["/a"].',
    ],
    ["other-scheme", { urls: ["ftp://a.example/"] }, "does not begin with https:// or http://"],
    [
      "url-without-host",
      { urls: ["https:///a"] },
      "does not begin with https:// or http:// and a host",
    ],
    ["ambiguous-url", { urls: ["https://a.example/a%2fb"] }, "encoded slash"],
    ["url-with-a-bad-port", { urls: ["https://a.example:x/"] }, "is not a URL"],
    [
      "url-with-user",
      { urls: ["https://me:secret@a.example/"] },
      "A URL contains a user name or a password",
    ],
    ["own-url", { urls: ["https://a.example/_cache/stats"] }, "/_cache/"],
    ["own-prefix", { prefixes: ["/_cache/"] }, "/_cache/"],
    [
      "star-in-a-url",
      { urls: ["https://a.example/x*"] },
      '"https://a.example/x*" contains a star',
      'For a whole section, write "prefixes": ["https://a.example/x"]. Write a literal star as %2A.',
    ],
    ["star-in-a-query", { urls: ["https://a.example/x?q=*"] }, "contains a star"],
    [
      "star-in-a-prefix",
      { prefixes: ["/news/*"] },
      '"/news/*" contains a star',
      'write "prefixes": ["/news/"]',
    ],
    ["star-in-a-host", { hosts: ["*.a.example"] }, "contains a star", "each host"],
    ["relative-prefix", { prefixes: ["a/"] }, '"a/" must begin with a slash'],
    ["prefix-with-query", { prefixes: ["/a?b"] }, "contains a query"],
    ["ambiguous-prefix", { prefixes: ["/a/../b"] }, '"/a/../b" contains'],
    ["url-as-host", { hosts: ["https://a.example"] }, "is not a host"],
    ["host-with-path", { hosts: ["a.example/"] }, "is not a host"],
    ["host-with-user", { hosts: ["me@a.example"] }, "is not a host"],
    ["host-with-a-bad-port", { hosts: ["a.example:x"] }, "is not a host"],
    ["two-hosts-in-one", { hosts: ["a.example b.example"] }, "is not a host"],
    ["long-url", { urls: [`https://a.example/${"x".repeat(4_090)}`] }, "4096 bytes"],
    ["long-prefix", { prefixes: [`/${"x".repeat(4_094)}`] }, "4096 bytes"],
  ])("is refused with a reason and a hint: %s", async (_id, body, why, hint = "") => {
    const { site, upstash } = openJournalled({ config });
    const seen = await send(site, body);
    expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([400, "malformed", 0]);
    const error = errorOf(seen.text);
    expect(error.why).toContain(why);
    expect(error.hint).toContain(hint);
    expect(error.hint).toMatch(/^[A-Z].*\.$/);
    expect(seen.text).not.toContain("secret");
  });

  it.each<[id: string, body: object, targets: object, readAs?: object]>([
    ["tags", { tags: ["a", "b"] }, { tags: 2 }],
    ["twice", { tags: ["a", "a"] }, { tags: 1 }],
    ["longest-tag", { tags: ["ü".repeat(128)] }, { tags: 1 }],
    ["longest-reason", { ...red, reason: "x".repeat(512) }, { tags: 1 }],
    ["longest-prefix", { prefixes: [`/${"x".repeat(4_093)}`] }, { prefixes: 1 }],
    ["all-there-is", { ...red, mode: "hard", dryRun: false, reason: "r" }, { tags: 1 }],
    ["soft", { ...red, mode: "soft" }, { tags: 1 }],
    ["everything", { everything: true }, { everything: true }],
    [
      "of-each",
      {
        tags: ["a"],
        urls: ["https://a.example/b?c"],
        prefixes: ["/a/", "http://b.example/"],
        hosts: ["A.example:8080"],
        routes: ["articles"],
      },
      { tags: 1, urls: 1, prefixes: 2, hosts: 1, routes: 1 },
      [{ sent: "A.example:8080", as: ["a.example:8080"] }],
    ],
  ])("is accepted: %s", async (_id, body, targets, readAs) => {
    const { site, upstash } = openJournalled({ config });
    const seen = await send(site, body);
    const [item] = upstash.journal.range(["-", "+"]);
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([200, "no-store"]);
    expect(JSON.parse(seen.text)).toEqual({
      position: item?.[0],
      targets: { ...nothing, ...targets },
      ...(readAs ? { readAs } : {}),
      visibleWithinSeconds: 10,
      visibleBy: new Date(site.clock.atMs + 10_000).toISOString(),
      sealedPosition: expect.stringMatching(/^[\w-]{200,400}$/),
      setCookie: expect.stringMatching(/^tidemark-position=[\w-]+; Max-Age=10; Path=\/; Secure;/),
    });
  });

  it("is answered with the largest N of all routes, and its end", async () => {
    const purge = { maxLagSeconds: 60 };
    const routes = [{ name: "slow", match: "/slow/*", purge }];
    const { site } = openJournalled({ config: { routes } });
    const visibleBy = new Date(site.clock.atMs + 60_000).toISOString();
    const answer: unknown = JSON.parse((await send(site, red)).text);
    expect(answer).toMatchObject({ visibleWithinSeconds: 60, visibleBy });
  });
});

describe("the body of an order to purge", () => {
  const bodyOf = (bytes: number) => {
    const start = '{"tags":["ü"]}';
    return start + " ".repeat(bytes - new TextEncoder().encode(start).length);
  };

  it.each([
    { id: "at-the-limit", bytes: 65_536, status: 200 },
    { id: "over-the-limit", bytes: 65_537, status: 413 },
  ])("may have up to 64 KiB: $id", async ({ bytes, status }) => {
    for (const length of [{}, { "content-length": String(bytes) }]) {
      const { site, upstash } = openJournalled();
      const seen = await send(site, bodyOf(bytes), { ...bearer, ...length });
      const isAccepted = status === 200;
      expect([seen.status, upstash.journal.length]).toEqual([status, Number(isAccepted)]);
      expect(codeOf(seen)).toBe(isAccepted ? "" : "too-large");
    }
  });

  it("is refused if its Content-Length is over the limit, whatever its length", async () => {
    const { site } = openJournalled();
    const headers = { ...bearer, "content-length": "65537" };
    expect((await send(site, red, headers)).status).toBe(413);
  });
});

describe("the ID of an order to purge", () => {
  const headersOf = (id: string) => ({ ...bearer, "webhook-id": id });

  it.each([
    { id: "same-body", again: red, status: 200 },
    { id: "another-body", again: { tags: ["blue"] }, status: 409 },
  ])("may be used again only with the same body: $id", async ({ again, status }) => {
    const signed = (id: string, body: string) => signedHeaders(body, { id });
    for (const sign of [headersOf, signed] as (typeof signed)[]) {
      const { site, upstash } = openJournalled();
      const sent = (order: object) => send(site, order, sign("msg_1", JSON.stringify(order)));
      expect((await sent(red)).status).toBe(200);
      const seen = await sent(again);
      // The first order has been read by now, so no second entry is appended in either case.
      expect([seen.status, upstash.journal.length]).toEqual([status, 1]);
      expect(codeOf(seen)).toBe(status === 200 ? "" : "id-reused");
    }
  });

  it("is known to another isolate once that has read the journal", async () => {
    const { site, upstash } = openJournalled({ origin: () => page("page", cc("max-age=60")) });
    await send(site, red, headersOf("msg_1"));
    const other = openSite({
      upstash,
      clock: site.clock,
      env: { ADMIN_TOKEN: "token-of-a-tester" },
    });
    await other.get("/a");
    const headers = { authorization: "Bearer token-of-a-tester", "webhook-id": "msg_1" };
    expect((await send(other, { tags: ["blue"] }, headers)).status).toBe(409);
  });

  it.each([
    { id: "longest", length: 256, status: 200 },
    { id: "longer", length: 257, status: 400 },
  ])("may have up to 256 characters: $id", async ({ length, status }) => {
    const { site } = openJournalled();
    expect((await send(site, red, headersOf("i".repeat(length)))).status).toBe(status);
  });
});

describe("an order that the journal cannot accept", () => {
  it.each(["down", "deaf"] as const)(
    "is answered with 503 and Retry-After, and purges nothing: %s",
    async (mode) => {
      const { site, upstash } = openJournalled({
        origin: (_, nth) => page(`page ${nth}`, cc("max-age=60", { "cache-tag": "red" })),
      });
      await site.get("/a");
      upstash.journalMode = mode;
      const seen = await send(site, red);
      expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
      expect(Number(seen.fields.get("retry-after"))).toBeGreaterThan(0);
      expect((await site.get("/a")).text).toBe("page 1");
      upstash.journalMode = "works";
      expect((await send(site, red)).status).toBe(200);
    },
  );

  it("is answered with 503 if there is no database", async () => {
    const site = openSite({ env: { ADMIN_TOKEN: "token-of-a-tester" } });
    const seen = await send(site, red, { authorization: "Bearer token-of-a-tester" });
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
    expect(Number(seen.fields.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is answered with 400 or 401 if it is malformed or has no credential", async () => {
    const { site, upstash } = openJournalled();
    upstash.journalMode = "down";
    expect((await send(site, "{")).status).toBe(400);
    expect((await send(site, red, {})).status).toBe(401);
  });
});
