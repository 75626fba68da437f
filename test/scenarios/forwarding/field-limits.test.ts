// Tests what a field of one answer may cost. A field beyond its limit is replaced before anything reads
// it, so that thousands of names or directives cost no CPU time.
import { describe, expect, it, vi } from "vitest";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const names = (count: number, of = "x-") => Array.from({ length: count }, (_, nth) => of + nth);
const directives = (characters: number) => `public, max-age=60, x="${"é".repeat(characters - 24)}"`;

/** Opens a site whose origin sends a field besides a lifetime of a minute. */
function open(name: string, value: string, status = 200) {
  const fields = cc("max-age=60", { "cdn-cache-control": "max-age=60", [name]: value });
  const config = { cacheInFront: true, routes: [{ name: "all", match: "*", forward: [] }] };
  return openSite({ config, origin: () => page("page", fields, status) });
}

describe("a field of an answer", () => {
  it.each([
    ["vary", names(64).join(", ")],
    ["vary", `accept, ${" ".repeat(4_088)}`],
    ["cache-control", directives(4_096)],
    ["cdn-cache-control", directives(4_096).replace(/é+/, "x".repeat(4_072))],
    ["surrogate-control", directives(4_096)],
    ["set-cookie2", "a".repeat(30_000)],
    ["content-security-policy", "a".repeat(30_000)],
  ])("is read up to its limit: %s", async (name, value) => {
    const site = open(name, value);
    expect((await site.get("/a")).fields.get(name)).toBe(value.trimEnd());
    expect((await site.get("/a")).cacheStatus).toContain("; hit");
  });

  it.each([
    ["vary", names(65).join(","), "*", "detail=vary-any"],
    ["vary", ",".repeat(64), "*", "detail=vary-any"],
    ["vary", names(6_000, "y").join(","), "*", "detail=vary-any"],
    ["vary", "a".repeat(4_097), "*", "detail=vary-any"],
    ["cache-control", directives(4_097), "no-store", "; stored"],
    ["cdn-cache-control", directives(4_097), "no-store", "detail=no-store"],
    ["cdn-cache-control", "max-age=60,".repeat(3_000), "no-store", "detail=no-store"],
    ["surrogate-control", "max-age=60,".repeat(3_000), "no-store", "; stored"],
  ])("is replaced beyond its limit: %s", async (name, value, seen, told) => {
    const site = open(name, value);
    const first = await site.get("/a");
    expect(first.fields.get(name)).toBe(seen);
    expect(first.cacheStatus).toContain(told);
    await site.get("/a");
    expect(site.origin.count).toBe(told === "; stored" ? 1 : 2);
  });

  it("is limited in an answer to a request that bypasses the cache", async () => {
    const site = open("cache-control", directives(30_000));
    const { fields } = await site.get("/a", { method: "POST" });
    expect(fields.get("cache-control")).toBe("no-store");
  });

  it.each([
    [8_192, "a=b; x=1"],
    [8_193, "a=b; Domain=origin.invalid"],
  ])("that is a cookie of %i characters is read, or left as it is", async (characters, begins) => {
    const end = characters - "a=b; Domain=origin.invalid; x=".length;
    const cookie = `a=b; Domain=origin.invalid; x=${"1".repeat(end)}`;
    const { fields } = await open("set-cookie", cookie).get("/a");
    expect(fields.get("set-cookie")).toMatch(new RegExp(`^${begins}`));
  });

  it("that names a page is not looked into beyond the longest stored URL", async () => {
    const site = open("location", `/${"%22".repeat(10_000)}`, 201);
    const normalize = vi.spyOn(String.prototype, "normalize");
    expect((await site.get("/a", { method: "POST" })).status).toBe(201);
    const read = normalize.mock.contexts.filter((text) => String(text).length > 2_048);
    normalize.mockRestore();
    expect(read).toEqual([]);
  });
});
