// What an answer to HEAD does to the stored response to GET (RFC 9111 §4.3.5).
import { describe, expect, it } from "vitest";
import { toldByHead } from "../../src/http/validators.ts";
import { openSite } from "../fakes/harness.ts";
import { cc, type FieldTexts, page } from "../fakes/origin-in-process.ts";
import { fieldsWith } from "../http/header-text.ts";

const modified = "Mon, 31 Dec 2029 12:00:00 GMT";
const stored = { etag: '"1"', "last-modified": modified, date: "Tue, 01 Jan 2030 12:00:00 GMT" };

describe("toldByHead", () => {
  it.each<{ id: string; head: Record<string, string>; old?: Record<string, string>; told: string }>(
    [
      { id: "same-tag", head: { etag: '"1"' }, told: "same" },
      { id: "other-tag", head: { etag: '"2"' }, told: "other" },
      { id: "tag-where-none-was", head: { etag: '"1"' }, old: {}, told: "other" },
      { id: "same-tag-and-length", head: { etag: '"1"', "content-length": "5" }, told: "same" },
      { id: "same-tag-other-length", head: { etag: '"1"', "content-length": "6" }, told: "other" },
      {
        id: "same-tag-other-date",
        head: { etag: '"1"', "last-modified": stored.date },
        told: "other",
      },
      { id: "same-date", head: { "last-modified": modified }, told: "same" },
      {
        id: "same-date-that-is-weak",
        head: { "last-modified": modified },
        old: { "last-modified": modified, date: modified },
        told: "unknown",
      },
      { id: "no-validator", head: { "content-length": "5" }, told: "unknown" },
      { id: "nothing", head: {}, told: "unknown" },
    ],
  )("$id", ({ head, old = stored, told }) => {
    expect(toldByHead(fieldsWith(head), fieldsWith(old), 5)).toBe(told);
  });

  it("takes any length where the stored one is not known", () => {
    const head = fieldsWith({ etag: '"1"', "content-length": "6" });
    expect(toldByHead(head, fieldsWith(stored), null)).toBe("same");
  });
});

describe("a 200 to HEAD, once what is stored is stale", () => {
  const asked = async (head: FieldTexts, status = 200) => {
    const site = openSite({ origin: () => page("hello", cc("max-age=60", { etag: '"1"' })) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = () => page("", head, status);
    await site.get("/a", { method: "HEAD" });
    await site.settle();
    site.origin.script = (request) => page(request.headers.get("if-none-match") ?? "whole", {});
    return site;
  };

  it("freshens it where the tag is the same", async () => {
    const site = await asked(cc("max-age=60", { etag: '"1"', "x-new": "1" }));
    const seen = await site.get("/a");
    expect(seen.cacheStatus).toContain("; hit; ttl=60");
    expect([seen.text, seen.fields.get("x-new")]).toEqual(["hello", "1"]);
  });

  it.each([
    { id: "another tag", head: { etag: '"2"' } },
    { id: "no leave to store", head: cc("private", { etag: '"1"' }) },
  ])("ends it: $id", async ({ head }) => {
    expect((await (await asked(head)).get("/a")).text).toBe("whole");
  });

  it.each([
    { id: "no validator", head: cc("max-age=60"), status: 200 },
    { id: "another status", head: cc("max-age=60", { etag: '"2"' }), status: 410 },
  ])("leaves it to be validated: $id", async ({ head, status }) => {
    expect((await (await asked(head, status)).get("/a")).text).toBe('"1"');
  });
});

it("a 200 to HEAD that passed over a fresh response ends it where the tag is another", async () => {
  const site = openSite({
    config: { honourRequestDirectives: true },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=600", { etag: `"${nth}"` })),
  });
  await site.get("/a");
  await site.get("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
  expect((await site.get("/a")).text).toBe("page 3");
});
