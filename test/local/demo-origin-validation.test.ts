// What the demo origin sends for which Accept-Encoding, and when it says 304 instead.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { loadAssets } from "../../local/demo-origin/assets.ts";
import { openedAtMs, openSite } from "./demo-origin-site.ts";

const slug = "fog-signal-tested";
const page = `/articles/${slug}`;

/** What a 304 must repeat of the 200 (RFC 9110 §15.4.5). */
const keptFields = ({ headers }: Response): (string | null)[] =>
  ["cache-control", "date", "etag", "last-modified", "vary"].map((name) => headers.get(name));

describe("content codings", () => {
  it.each([
    { id: "absent", accept: undefined, coding: null },
    { id: "both", accept: "gzip, deflate, br, zstd", coding: "br" },
    { id: "weights", accept: "br;q=0.4, gzip;q=0.8", coding: "gzip" },
    { id: "identity-first", accept: "gzip;q=0.5, identity", coding: null },
    { id: "any", accept: "*", coding: "br" },
    { id: "any-but", accept: "*, br;q=0", coding: "gzip" },
    { id: "all-refused", accept: "*;q=0", coding: null },
    { id: "malformed-weight", accept: "br;q=lots, gzip;q=2", coding: null },
  ])("$id", async ({ accept, coding }) => {
    const { ask } = openSite();
    const plain = await (await ask(page)).text();
    const response = await ask(page, accept === undefined ? {} : { "Accept-Encoding": accept });
    expect(response.headers.get("content-encoding")).toBe(coding);
    expect(response.headers.get("vary")).toBe("Accept-Encoding");
    const bytes = Buffer.from(await response.arrayBuffer());
    const decode = { br: brotliDecompressSync, gzip: gunzipSync }[coding ?? ""];
    expect((decode?.(bytes) ?? bytes).toString()).toBe(plain);
  });

  it.each([page, `${page}.json`, "/feed", "/", "/rss.xml"])(
    "%s validates in each",
    async (path) => {
      const { ask } = openSite();
      const etags = new Set<string>();
      for (const coding of ["identity", "gzip", "br"]) {
        const accept = { "Accept-Encoding": coding };
        const etag = (await ask(path, accept)).headers.get("etag") ?? "";
        expect(etag).toMatch(/^"[^"]+"$/);
        expect((await ask(path, { ...accept, "If-None-Match": etag })).status).toBe(304);
        for (const other of etags) {
          expect((await ask(path, { ...accept, "If-None-Match": other })).status).toBe(200);
        }
        etags.add(etag);
      }
      expect(etags.size).toBe(3);
    },
  );
});

afterEach(() => vi.unstubAllEnvs());

describe("conditional requests (RFC 9110 §13.2.2)", () => {
  const modified = "Sat, 07 Nov 2026 12:10:00 GMT";
  const before = "Sat, 07 Nov 2026 12:09:59 GMT";
  it.each([
    { id: "equal", fields: (etag: string) => ({ "If-None-Match": etag }), status: 304 },
    { id: "weak", fields: (etag: string) => ({ "If-None-Match": `W/${etag}` }), status: 304 },
    {
      id: "list",
      fields: (etag: string) => ({ "If-None-Match": `"a,b", W/"c" , ${etag}` }),
      status: 304,
    },
    { id: "star", fields: () => ({ "If-None-Match": "*" }), status: 304 },
    { id: "other", fields: () => ({ "If-None-Match": `"other"` }), status: 200 },
    {
      id: "unquoted",
      fields: (etag: string) => ({ "If-None-Match": etag.slice(1, -1) }),
      status: 200,
    },
    { id: "since-equal", fields: () => ({ "If-Modified-Since": modified }), status: 304 },
    { id: "since-before", fields: () => ({ "If-Modified-Since": before }), status: 200 },
    {
      id: "since-rfc850",
      fields: () => ({ "If-Modified-Since": "Saturday, 07-Nov-26 12:10:00 GMT" }),
      status: 304,
    },
    {
      id: "since-asctime",
      fields: () => ({ "If-Modified-Since": "Sat Nov  7 12:10:00 2026" }),
      status: 304,
    },
    { id: "since-number", fields: () => ({ "If-Modified-Since": "99999" }), status: 200 },
    {
      id: "etag-beats-date",
      fields: () => ({ "If-None-Match": `"x"`, "If-Modified-Since": modified }),
      status: 200,
    },
    { id: "match-equal", fields: (etag: string) => ({ "If-Match": etag }), status: 200 },
    { id: "match-weak", fields: (etag: string) => ({ "If-Match": `W/${etag}` }), status: 412 },
    { id: "unmodified-equal", fields: () => ({ "If-Unmodified-Since": modified }), status: 200 },
    { id: "unmodified-before", fields: () => ({ "If-Unmodified-Since": before }), status: 412 },
  ])("$id gives $status", async ({ fields, status }) => {
    // East of Greenwich, where a date read as local time would be hours too early.
    vi.stubEnv("TZ", "Asia/Tokyo");
    const { ask } = openSite();
    const full = await ask(page);
    expect(full.headers.get("last-modified")).toBe(modified);
    const response = await ask(page, fields(full.headers.get("etag") ?? ""));
    expect(response.status).toBe(status);
    expect(keptFields(response)).toEqual(keptFields(full));
    expect((await response.text()).length > 0).toBe(status === 200);
  });

  it("gives a 304 without a slow query", async () => {
    const slow = () => Promise.reject(new Error("rendered"));
    const { ask } = openSite(() => ({ article: slow, latest: slow, inSections: slow }));
    for (const path of [
      "/",
      page,
      `${page}.json`,
      "/feed",
      "/feed.json",
      "/sections/town",
      "/rss.xml",
    ]) {
      const { status } = await ask(path, { "If-None-Match": "*" });
      expect({ path, status }).toEqual({ path, status: 304 });
    }
  });

  it("changes the validators with a correction, of the article and of the lists", async () => {
    const { ask, clock, newsroom } = openSite();
    for (const path of [page, `${page}.json`, "/feed", "/", "/sections/town", "/rss.xml"]) {
      const etag = (await ask(path)).headers.get("etag") ?? "";
      clock.atMs += 1;
      newsroom.correct(slug, { lede: `Corrected for ${path}.` });
      const { headers, status } = await ask(path, { "If-None-Match": etag });
      expect({ path, status }).toEqual({ path, status: 200 });
      const lastModified = headers.get("last-modified") ?? "";
      expect(lastModified).toBe("Fri, 20 Nov 2026 12:00:00 GMT");
      // The correction's milliseconds are not in the date, so they must not count against it.
      expect((await ask(path, { "If-Modified-Since": lastModified })).status).toBe(304);
    }
    expect(() => newsroom.correct("unwritten", {})).toThrow(/"unwritten" was not corrected/);
  });

  it("does not repeat a validator after a restart that forgot the corrections", async () => {
    const etags: (string | null)[] = [];
    for (const restartedAtMs of [openedAtMs, openedAtMs + 1]) {
      const { ask, clock, newsroom } = openSite();
      clock.atMs = restartedAtMs;
      newsroom.correct(slug, { title: `Corrected at ${restartedAtMs}` });
      etags.push((await ask(page)).headers.get("etag"));
    }
    expect(etags[0]).not.toBe(etags[1]);
  });

  it("changes a page's validator, and no data's, with the assets it names", async () => {
    const { ask } = openSite();
    const { hash } = loadAssets();
    expect((await ask(page)).headers.get("etag")).toContain(hash);
    expect((await ask(`${page}.json`)).headers.get("etag")).not.toContain(hash);
  });

  it("names the version it rendered when a correction comes between check and rendering", async () => {
    const { ask } = openSite((newsroom) => ({
      article(asked) {
        newsroom.correct(asked, { title: "Meanwhile" });
        return newsroom.article(asked);
      },
    }));
    const response = await ask(page);
    expect(await response.text()).toContain("<h1>Meanwhile</h1>");
    expect(response.headers.get("etag")).toMatch(/^"v2\./);
  });

  it("never dates a change after the answer (RFC 9110 §8.8.2.1)", async () => {
    const { ask, clock } = openSite();
    clock.atMs = Date.UTC(2020, 0, 1);
    const { headers } = await ask(page);
    expect(headers.get("last-modified")).toBe(headers.get("date"));
  });

  it("validates a picture by its date alone", async () => {
    const { ask } = openSite();
    const { headers } = await ask(`/images/${slug}.svg`);
    expect(headers.get("etag")).toBeNull();
    const since = { "If-Modified-Since": headers.get("last-modified") ?? "" };
    expect((await ask(`/images/${slug}.svg`, since)).status).toBe(304);
  });
});
