// Tests warming by the Worker itself: --within.
import { describe, expect, it } from "vitest";
import type { OperatorAnswer, WarmAnswer } from "../../../../src/protocol/answers.ts";
import type { WarmOrder } from "../../../../src/protocol/operator-orders.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { operatorEnv, siteUrl } from "../fakes/site-as-fetch.ts";
import { hit, page } from "./warm-user.ts";

/** A Worker that warms 8 pages per call. */
class WarmingSite {
  readonly orders: WarmOrder[] = [];
  readonly others: string[] = [];
  isDownAfter = Infinity;

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
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

function told({ pages = [], cursor = 0 }: WarmOrder): OperatorAnswer<"warm"> {
  const all: WarmAnswer[] = pages.map((one) => {
    const url = typeof one === "string" ? one : one.url;
    const result = url.includes("bad") ? "failed" : "warmed";
    return { page: url, result, ...(url.includes("here") && { why: "only in this colo" }) };
  });
  const done = all.slice(cursor, cursor + 8);
  const next = cursor + done.length;
  return { done, next: next >= all.length ? null : next, total: all.length };
}

async function user() {
  const site = new WarmingSite();
  const one = await FakeUser.at({ fetch: site.fetch, env: operatorEnv });
  return { site, user: one };
}

const listed = (count: number) => Array.from({ length: count }, (_, at) => `/${at}`);

describe("tidemark warm --within", () => {
  it("sends pages in lists until the Worker has warmed all of them", async () => {
    const { site, user: one } = await user();
    const input = listed(60).join("\n");
    const ran = await one.runs(["warm", "--within", "--list", "-", "--json"], { input });
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.out)).toMatchObject({
      site: siteUrl,
      results: { warmed: 60, failed: 0 },
    });
    expect(site.orders.map(({ pages, cursor }) => [pages?.length, cursor])).toEqual([
      ...[24, 24].flatMap((count) => [0, 8, 16].map((cursor) => [count, cursor])),
      [12, 0],
      [12, 8],
    ]);
    expect(site.others).toEqual([]);
  });

  it("sends the fields of a page", async () => {
    const { site, user: one } = await user();
    const headers = { "accept-language": "de" };
    const input = `${JSON.stringify({ url: "/a", headers })}\n/b`;
    await one.runs(["warm", "--within", "--list", "-"], { input });
    expect(site.orders).toEqual([{ pages: [{ url: `${siteUrl}/a`, headers }, "/b"], cursor: 0 }]);
  });

  it("says why a page was warmed in one colo only", async () => {
    const { user: one } = await user();
    const { code, out } = await one.runs(["warm", "--within", "/here", "/a"]);
    expect(code).toBe(0);
    expect(out).toContain("  warmed: only in this colo: 1\n");
  });

  it("exits with 3 if a page failed, and names the page", async () => {
    const { user: one } = await user();
    const ran = await one.runs(["warm", "--within", "/a", "/bad"]);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain(`failed: ${siteUrl}/bad (no reason given)`);
  });

  it("exits with 1 if the site fails, after a table of the pages before", async () => {
    const { site, user: one } = await user();
    site.isDownAfter = 3;
    const ran = await one.runs(["warm", "--within", "--list", "-"], {
      input: listed(50).join("\n"),
    });
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/ 24 {2}.*\nStopped after/);
  });
});
