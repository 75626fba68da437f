// POST /_cache/purge: what an order may say, what the answer says, and what happens when the
// journal cannot take it (docs/purge-protocol.md; rule 21).
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

describe("an order", () => {
  it.each<{ id: string; body: string | object; why: string; hint?: string }>([
    { id: "no-json", body: "{", why: "The body is not JSON." },
    { id: "nothing-at-all", body: "", why: "The body is not JSON." },
    { id: "null", body: "null", why: "The body must be an object." },
    { id: "list", body: "[]", why: "The body must be an object." },
    { id: "text", body: '"red"', why: "The body must be an object." },
    { id: "unknown-field", body: { tag: "red" }, why: '"tag" is not a field of a purge' },
    { id: "two-unknown", body: { ...red, a: 1, b: 2 }, why: '"a", "b" is not a field' },
    {
      id: "prototype",
      body: '{"__proto__":{"everything":true}}',
      why: '"__proto__" is not a field of a purge',
    },
    { id: "tags-as-text", body: { tags: "red" }, why: "tags must be an array of tags." },
    { id: "a-number-as-tag", body: { tags: [1] }, why: "tags.0 must be a string." },
    { id: "empty-tag", body: { tags: ["red", ""] }, why: "tags.1 holds an empty text." },
    { id: "blank-tag", body: { tags: [" "] }, why: "tags.0 holds an empty text." },
    { id: "urls-as-object", body: { urls: {} }, why: "urls must be an array of URLs." },
    { id: "everything-as-text", body: { everything: "yes" }, why: "must be true or false" },
    { id: "another-mode", body: { ...red, mode: "gentle" }, why: 'mode is "hard" or "soft".' },
    {
      id: "dry-run-as-text",
      body: { ...red, dryRun: "yes" },
      why: "dryRun must be true or false.",
    },
    { id: "reason-as-number", body: { ...red, reason: 1 }, why: "reason must be a string." },
    { id: "long-reason", body: { ...red, reason: "x".repeat(513) }, why: "over 512 characters" },
    { id: "empty", body: {}, why: "It names nothing to purge." },
    { id: "empty-lists", body: { tags: [], urls: [] }, why: "It names nothing to purge." },
    { id: "not-everything", body: { everything: false }, why: "It names nothing to purge." },
    { id: "long-tag", body: { tags: ["ü".repeat(129)] }, why: "A tag is over 256 bytes." },
    { id: "unknown-route", body: { routes: ["article"] }, why: 'No route has the name "article".' },
    {
      id: "path-as-url",
      body: { urls: ["/a"] },
      why: '"/a" does not begin with https:// or http:// and a host.',
      hint: 'Write the full URL, such as https://www.example.com/a; for a path on every host, write "prefixes": ["/a"].',
    },
    {
      id: "other-scheme",
      body: { urls: ["ftp://a.example/"] },
      why: "does not begin with https:// or http://",
    },
    {
      id: "url-without-host",
      body: { urls: ["https:///a"] },
      why: "does not begin with https:// or http:// and a host",
    },
    { id: "ambiguous-url", body: { urls: ["https://a.example/a%2fb"] }, why: "encoded slash" },
    { id: "url-with-a-bad-port", body: { urls: ["https://a.example:x/"] }, why: "is not a URL" },
    {
      id: "url-with-user",
      body: { urls: ["https://me:secret@a.example/"] },
      why: "A URL contains a user name or a password",
    },
    { id: "own-url", body: { urls: ["https://a.example/_cache/stats"] }, why: "/_cache/" },
    { id: "own-prefix", body: { prefixes: ["/_cache/"] }, why: "/_cache/" },
    {
      id: "star-in-a-url",
      body: { urls: ["https://a.example/x*"] },
      why: '"https://a.example/x*" contains a star',
      hint: 'For a whole section, write "prefixes": ["https://a.example/x"]. Write a literal star as %2A.',
    },
    { id: "star-in-a-query", body: { urls: ["https://a.example/x?q=*"] }, why: "contains a star" },
    {
      id: "star-in-a-prefix",
      body: { prefixes: ["/news/*"] },
      why: '"/news/*" contains a star',
      hint: 'write "prefixes": ["/news/"]',
    },
    {
      id: "star-in-a-host",
      body: { hosts: ["*.a.example"] },
      why: "contains a star",
      hint: "each host",
    },
    { id: "relative-prefix", body: { prefixes: ["a/"] }, why: '"a/" must begin with a slash' },
    { id: "prefix-with-query", body: { prefixes: ["/a?b"] }, why: "contains a query" },
    { id: "ambiguous-prefix", body: { prefixes: ["/a/../b"] }, why: '"/a/../b" contains' },
    { id: "url-as-host", body: { hosts: ["https://a.example"] }, why: "is not a host" },
    { id: "host-with-path", body: { hosts: ["a.example/"] }, why: "is not a host" },
    { id: "host-with-user", body: { hosts: ["me@a.example"] }, why: "is not a host" },
    { id: "host-with-a-bad-port", body: { hosts: ["a.example:x"] }, why: "is not a host" },
    { id: "two-hosts-in-one", body: { hosts: ["a.example b.example"] }, why: "is not a host" },
    {
      id: "long-url",
      body: { urls: [`https://a.example/${"x".repeat(4_090)}`] },
      why: "4096 bytes",
    },
    { id: "long-prefix", body: { prefixes: [`/${"x".repeat(4_094)}`] }, why: "4096 bytes" },
  ])("is refused with what is wrong: $id", async ({ body, why, hint = "" }) => {
    const { site, upstash } = openJournalled({ config });
    const seen = await send(site, body);
    expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([400, "malformed", 0]);
    const error = errorOf(seen.text);
    expect(error.why).toContain(why);
    expect(error.hint).toContain(hint);
    expect(error.hint).toMatch(/^[A-Z].*\.$/);
    expect(seen.text).not.toContain("secret");
  });

  it.each<{ id: string; body: object; targets: object; readAs?: object }>([
    { id: "tags", body: { tags: ["a", "b"] }, targets: { tags: 2 } },
    { id: "twice", body: { tags: ["a", "a"] }, targets: { tags: 1 } },
    { id: "longest-tag", body: { tags: ["ü".repeat(128)] }, targets: { tags: 1 } },
    { id: "longest-reason", body: { ...red, reason: "x".repeat(512) }, targets: { tags: 1 } },
    {
      id: "longest-prefix",
      body: { prefixes: [`/${"x".repeat(4_093)}`] },
      targets: { prefixes: 1 },
    },
    {
      id: "all-there-is",
      body: { ...red, mode: "hard", dryRun: false, reason: "r" },
      targets: { tags: 1 },
    },
    { id: "soft", body: { ...red, mode: "soft" }, targets: { tags: 1 } },
    { id: "everything", body: { everything: true }, targets: { everything: true } },
    {
      id: "of-each",
      body: {
        tags: ["a"],
        urls: ["https://a.example/b?c"],
        prefixes: ["/a/", "http://b.example/"],
        hosts: ["A.example:8080"],
        routes: ["articles"],
      },
      targets: { tags: 1, urls: 1, prefixes: 2, hosts: 1, routes: 1 },
      readAs: [{ sent: "A.example:8080", as: ["a.example:8080"] }],
    },
  ])("is accepted: $id", async ({ body, targets, readAs }) => {
    const { site, upstash } = openJournalled({ config });
    const seen = await send(site, body);
    const [item] = upstash.journal.range(["-", "+"]);
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([200, "no-store"]);
    expect(JSON.parse(seen.text)).toEqual({
      position: item?.[0],
      targets: { ...nothing, ...targets },
      ...(readAs ? { readAs } : {}),
      visibleWithinSeconds: 10,
    });
  });

  it("is visible everywhere within the largest N of all routes", async () => {
    const purge = { maxLagSeconds: 60 };
    const routes = [{ name: "slow", match: "/slow/*", purge }];
    const { site } = openJournalled({ config: { routes } });
    expect(JSON.parse((await send(site, red)).text)).toMatchObject({ visibleWithinSeconds: 60 });
  });
});

describe("a body of up to 64 KiB", () => {
  const bodyOf = (bytes: number) => {
    const start = '{"tags":["ü"]}';
    return start + " ".repeat(bytes - new TextEncoder().encode(start).length);
  };

  it.each([
    { id: "at-the-limit", bytes: 65_536, status: 200 },
    { id: "over-it", bytes: 65_537, status: 413 },
  ])("$id", async ({ bytes, status }) => {
    for (const length of [{}, { "content-length": String(bytes) }]) {
      const { site, upstash } = openJournalled();
      const seen = await send(site, bodyOf(bytes), { ...bearer, ...length });
      const isAccepted = status === 200;
      expect([seen.status, upstash.journal.length]).toEqual([status, Number(isAccepted)]);
      expect(codeOf(seen)).toBe(isAccepted ? "" : "too-large");
    }
  });

  it("is not read further than that", async () => {
    const { site } = openJournalled();
    let pulledCount = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulledCount += 1;
        controller.enqueue(new Uint8Array(16_384).fill(32));
      },
    });
    const init = { method: "POST", body: endless, duplex: "half", headers: bearer };
    const response = await site.ask("/_cache/purge", init);
    expect(response.status).toBe(413);
    expect(pulledCount).toBeLessThan(10);
  });

  it("is refused by its declared length alone", async () => {
    const { site } = openJournalled();
    const headers = { ...bearer, "content-length": "65537" };
    expect((await send(site, red, headers)).status).toBe(413);
  });
});

describe("an id", () => {
  const headersOf = (id: string) => ({ ...bearer, "webhook-id": id });

  it.each([
    { id: "same-body", again: red, status: 200 },
    { id: "another-body", again: { tags: ["blue"] }, status: 409 },
  ])("that was used: $id", async ({ again, status }) => {
    const signed = (id: string, body: string) => signedHeaders(body, { id });
    for (const sign of [headersOf, signed] as (typeof signed)[]) {
      const { site, upstash } = openJournalled();
      const sent = (order: object) => send(site, order, sign("msg_1", JSON.stringify(order)));
      expect((await sent(red)).status).toBe(200);
      const seen = await sent(again);
      // It has been read by now, so nothing is appended either way.
      expect([seen.status, upstash.journal.length]).toEqual([status, 1]);
      expect(codeOf(seen)).toBe(status === 200 ? "" : "id-reused");
    }
  });

  it("that stands in the journal is known to another isolate once it has read it", async () => {
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
  ])("of up to 256 characters: $id", async ({ length, status }) => {
    const { site } = openJournalled();
    expect((await send(site, red, headersOf("i".repeat(length)))).status).toBe(status);
  });
});

describe("without a journal that takes it", () => {
  it.each(["down", "deaf"] as const)(
    "503 with Retry-After, and nothing is purged: %s",
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

  it("503 without a database", async () => {
    const site = openSite({ env: { ADMIN_TOKEN: "token-of-a-tester" } });
    const seen = await send(site, red, { authorization: "Bearer token-of-a-tester" });
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
    expect(Number(seen.fields.get("retry-after"))).toBeGreaterThan(0);
  });

  it("but one that is malformed or unsigned says so all the same", async () => {
    const { site, upstash } = openJournalled();
    upstash.journalMode = "down";
    expect((await send(site, "{")).status).toBe(400);
    expect((await send(site, red, {})).status).toBe(401);
  });
});
