// Tests warming through the operator's routes: --within, --data, --hottest and --after-purge.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OperatorAnswer, WarmAnswer } from "../../../../src/protocol/answers.ts";
import type { WarmOrder } from "../../../../src/protocol/warm-order.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";
import { hit, page } from "./warm-user.ts";

/** A Worker that warms `limit` pages or keys per call, 8 by default. */
class WarmingSite {
  readonly orders: WarmOrder[] = [];
  readonly others: string[] = [];
  hot: OperatorAnswer<"hot"> = { pages: [] };
  isDownAfter = Infinity;

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.pathname === "/_cache/hot") {
      this.others.push(url.search);
      return Response.json(this.hot);
    }
    if (url.pathname !== "/_cache/warm") {
      this.others.push(url.pathname);
      return page(hit);
    }
    if (this.orders.length >= this.isDownAfter) throw new TypeError("fetch failed");
    const order = (await new Request(url, init).json()) as WarmOrder;
    this.orders.push(order);
    return Response.json(told(order));
  };
}

function told({ pages = [], data = {}, cursor = 0, limit = 8 }: WarmOrder): OperatorAnswer<"warm"> {
  const all: WarmAnswer[] = [
    ...pages.map((one) => ({ page: typeof one === "string" ? one : one.url })),
    ...Object.entries(data).flatMap(([namespace, keys]) => keys.map((key) => ({ namespace, key }))),
  ].map((one) => Object.assign({ result: resultOf(JSON.stringify(one)) } as const, one));
  const done = all.slice(cursor, cursor + limit);
  const next = cursor + done.length;
  return { done, next: next >= all.length ? null : next, total: all.length };
}

const resultOf = (one: string) => (one.includes("bad") ? "failed" : "warmed");

async function user() {
  const site = new WarmingSite();
  const one = await FakeUser.at({ fetch: site.fetch, env: operatorEnv });
  return { site, user: one };
}

const listed = (count: number) => Array.from({ length: count }, (_, at) => `/${at}`);

describe("tidemark warm", () => {
  it("sends pages in lists until the Worker has warmed all of them", async () => {
    const { site, user: one } = await user();
    const input = listed(120).join("\n");
    const ran = await one.runs(["warm", "--within", "--list", "-", "--json"], { input });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out).addresses).toEqual([
      expect.objectContaining({ address: siteUrl, warmed: 120, failed: 0 }),
    ]);
    expect(site.orders.map(({ pages, cursor }) => [pages?.length, cursor])).toEqual([
      ...Array.from({ length: 13 }, (_, call) => [100, 8 * call]),
      ...Array.from({ length: 3 }, (_, call) => [20, 8 * call]),
    ]);
    expect(site.others).toEqual([]);
  });

  it("sends the fields of variants, and --limit", async () => {
    const { site, user: one } = await user();
    const variant = ["--variant", "Accept-Language: de"];
    await one.runs(["warm", "/a", "/b", "--within", "--limit", "1", ...variant]);
    expect(site.orders).toHaveLength(2);
    expect(site.orders[0]).toEqual({
      pages: ["/a", "/b"].map((path) => ({
        url: siteUrl + path,
        headers: { "accept-language": "de" },
      })),
      cursor: 0,
      limit: 1,
    });
  });

  it("sends each key of data once as text, and names a failed key", async () => {
    const { site, user: one } = await user();
    const input = '42\n{"key":43}\n42\nbad\n';
    const ran = await one.runs(["warm", "--data", "products", "--list", "-"], { input });
    expect(ran.code).toBe(3);
    expect(ran.out).toContain(`failed: ${siteUrl} bad (no reason given)`);
    expect(site.orders).toEqual([{ data: { products: ["42", "43", "bad"] }, cursor: 0 }]);
  });

  it.each([
    { list: "ids.csv", options: [] },
    { list: "ids.txt", options: ["--csv"] },
  ])("reads $list as CSV with the options $options", async ({ list, options }) => {
    const { site, user: one } = await user();
    await writeFile(join(one.folder, list), "# products\nid,name\n42,bread\n43;milk\n");
    const ran = await one.runs(["warm", "--data", "products", "--list", list, ...options]);
    expect(site.orders).toEqual([{ data: { products: ["42", "43"] }, cursor: 0 }]);
    expect(ran.notes).toContain('names columns: "id"');
  });

  it("continues a failed run", async () => {
    const { site, user: one } = await user();
    const args = ["warm", "--within", "--list", "-"];
    const input = listed(50).join("\n");
    site.isDownAfter = 3;
    expect((await one.runs(args, { input, env: operatorEnv })).code).toBe(1);
    site.isDownAfter = Infinity;
    site.orders.length = 0;
    const { notes } = await one.runs(args, { input });
    expect(site.orders[0]?.pages).toEqual(listed(50).slice(24));
    expect(notes).toContain("24 done");
  });
});

describe("hot pages", () => {
  const pages = [
    { url: `${siteUrl}/a`, count: 9, expiresAt: "2026-11-21T10:00:00Z" },
    { url: `${siteUrl}/b`, headers: { "accept-language": "de" }, count: 3, expiresAt: "" },
  ];

  it("are requested from the site, with --hottest as the count", async () => {
    const { site, user: one } = await user();
    site.hot = { pages };
    expect((await one.runs(["warm", "--hottest", "50"])).code).toBe(0);
    expect(site.others).toEqual(["?count=50", "/a", "/b"]);
  });

  it("are requested with --after-purge if the purge covered them", async () => {
    const { site, user: one } = await user();
    site.hot = { pages, examined: 40, holdsInSeconds: 7 };
    const pauses: number[] = [];
    const onSleep = (ms: number) => void pauses.push(ms);
    const { notes } = await one.runs(["warm", "--after-purge", "1795435200000-0"], { onSleep });
    expect(pauses[0]).toBe(7_000);
    expect(site.others[0]).toBe("?count=100&coveredBy=1795435200000-0");
    expect(notes).toContain("Of the 40 hot pages that isolates have reported, the purge covers 2.");
  });

  it("are not required for success", async () => {
    const { user: one } = await user();
    const { code, notes } = await one.runs(["warm", "--hottest"]);
    expect(code).toBe(0);
    expect(notes).toContain("Isolates have reported no hot page");
  });
});
