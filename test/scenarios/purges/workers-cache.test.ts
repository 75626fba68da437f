// Tests what Workers Cache in front of Tidemark would store of its answers. That cache runs only at Cloudflare, so
// these tests apply its documented rules (docs/workers-cache.md) to the answers.
import { describe, expect, it } from "vitest";
import {
  cc,
  type FieldTexts,
  page,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

/** The lifetimes of answers that have neither Cache-Control nor Expires, in seconds by status. */
const unstated: Readonly<Record<number, number>> = { 200: 7_200, 301: 1_200, 404: 180 };

interface Answer {
  readonly status: number;
  readonly fields: Headers;
}

/** Returns for how long Workers Cache would answer with a response; `undefined` if it stores none. */
function storedSeconds({ status, fields }: Answer): number | undefined {
  const names = ["cloudflare-cdn-cache-control", "cdn-cache-control", "cache-control"];
  const text = names.map((name) => fields.get(name)).find((value) => value !== null);
  if (fields.has("set-cookie") || /private|no-store/.test(text ?? "")) return undefined;
  const [, seconds] = /(?:^|[\s,])(?:s-maxage|max-age)=(\d+)/.exec(text ?? "") ?? [];
  if (seconds !== undefined) return Number(seconds);
  return text ? 0 : unstated[status];
}

interface Asked {
  readonly init?: AskInit;
  readonly status?: number;
  readonly route?: { readonly [option: string]: unknown };
}

type Row = [id: string, stored: number | undefined, fields: FieldTexts, asked?: Asked];

const alice = { headers: { cookie: "session=alice" } };

const css = { "content-type": "text/css" };

const rows: readonly Row[] = [
  ["a page with the lifetime of its route", 0, {}],
  ["a file with the lifetime of its route, for two hours", 7_200, css],
  ["a file with s-maxage, which clients do not get", 7_200, cc("s-maxage=60", css)],
  [
    "a file with CDN-Cache-Control, which clients do not get",
    7_200,
    { "cdn-cache-control": "max-age=60", ...css },
  ],
  ["a page with max-age", 60, cc("max-age=60")],
  [
    "a page with the field of Cloudflare",
    86_400,
    { "cloudflare-cdn-cache-control": "max-age=86400" },
  ],
  ["a page of a route with browser", 0, {}, { route: { fresh: "10s", browser: "0s" } }],
  ["a missing page", 0, {}, { status: 404 }],
  ["a missing file", 180, css, { status: 404 }],
  ["an answer to a client with an unknown cookie", undefined, {}, { init: alice }],
  ["an answer of a route with bypass", undefined, {}, { route: { bypass: true } }],
  ["an answer that sets a cookie", undefined, { "set-cookie": "a=1" }],
  ["a page that the origin forbids to store", undefined, cc("no-store")],
];

describe("Workers Cache in front of Tidemark would store", () => {
  it.each(rows)("%s: %s s", async (_, stored, fields, asked = {}) => {
    const { init, status, route = { fresh: "10s", negative: { 404: "10s" } } } = asked;
    const site = openSite({
      config: { routes: [{ name: "pages", match: "*", ...route }] },
      origin: () => page("page", fields, status),
    });
    expect(storedSeconds(await site.get("/a", init))).toBe(stored);
    expect(storedSeconds(await site.get("/a", init))).toBe(stored);
  });

  it("a page without the cookie that selects it, so that its clients get each other's pages", async () => {
    const site = openSite({
      config: {
        routes: [{ name: "shop", match: "*", fresh: "1m", key: { cookies: ["currency"] } }],
      },
      origin: ({ headers }) => page(headers.get("cookie") ?? "none", cc("public, max-age=60")),
    });
    const init = { headers: { cookie: "currency=usd" } };
    const seen = await site.get("/a", init);
    expect([seen.text, storedSeconds(seen), seen.fields.get("vary")]).toEqual([
      "currency=usd",
      60,
      null,
    ]);
  });

  it("nothing of an error after a purge, in whose place it answers with the purged page", async () => {
    const { site } = openJournalled({
      config: { routes: [{ name: "pages", match: "*", fresh: "1h", browser: "0s" }] },
      origin: () => page("page"),
    });
    expect(storedSeconds(await site.get("/a"))).toBe(0);
    await send(site, { everything: true });
    site.clock.advance(11);
    site.origin.script = unreachable;
    const seen = await site.get("/a");
    expect([seen.status, storedSeconds(seen)]).toEqual([502, undefined]);
  });
});
