// Runs the rules of docs/vcl.md.
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RoutePart } from "../../src/part/port/part.ts";
import { cc, page, type Script } from "../../testing/fakes/origin-in-process.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";
import { writeRules } from "../cookbook/recipes.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-vcl-"));
  await writeRules(join(folder, "rules"));
});
afterAll(() => rm(folder, { recursive: true }));

const env = { LOGIN_KEY: "login", URL_KEY: "urls", ORIGIN_KEY: "origin" };

/** Opens a site with one route and a rule of the page. */
async function openWith(name: string, origin: Script, route: object = {}) {
  const path = join(folder, "rules", `${name}.ts`);
  const { [name]: rule } = (await import(/* @vite-ignore */ path)) as Record<string, RoutePart>;
  if (rule === undefined) throw new Error(`docs/vcl.md has no rule ${name}.`);
  const config = { routes: [{ name: "pages", match: "*", use: [rule], ...route }] };
  return openJournalled({ origin, env, config }).site;
}

const kept = cc("max-age=60", { etag: '"e"' });

/** Returns a token that is valid for a minute by the machine's clock, like that of the rules. */
function tokenOf(secret: string, about = "", fromNowSeconds = 60) {
  const expiry = String(Math.floor(Date.now() / 1_000) + fromNowSeconds);
  return {
    expiry,
    signature: createHmac("sha256", secret).update(`${about}\n${expiry}`).digest("hex"),
  };
}

it("gate", async () => {
  const site = await openWith("gate", ({ headers }) => page(headers.get("x-gate") ?? "", kept));
  const { expiry, signature } = tokenOf("login");
  const authorization = `Bearer ${expiry}.${signature}`;
  const clients = [{ authorization }, { cookie: `pass=${expiry}.${signature}` }];
  for (const headers of clients) expect((await site.get("/", { headers })).text).toBe("origin");
  expect(site.origin.count).toBe(1);
  const over = tokenOf("login", "", -1);
  const wrong = ["", "a", `${expiry}.`, `${expiry}.${"0".repeat(64)}`, `9${expiry}.${signature}`];
  for (const token of [...wrong, `${over.expiry}.${over.signature}`]) {
    expect((await site.get("/", { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      401,
    );
  }
});

it("signed", async () => {
  const site = await openWith("signed", ({ url }) => page(url, kept), { query: { allow: [] } });
  const linkOf = (path: string, { expiry, signature } = tokenOf("urls", "/a")) =>
    `${path}?expires=${expiry}&signature=${signature}`;
  expect((await site.get(linkOf("/a"))).text).toBe("https://origin.invalid/a");
  expect((await site.get(`${linkOf("/a")}&b=c`)).cacheStatus).toContain("; hit");
  // The digit moves from the path to the expiry.
  const ofOther = tokenOf("urls", "/a1");
  const moved = linkOf("/a", { ...ofOther, expiry: `1${ofOther.expiry}` });
  for (const link of ["/a", linkOf("/b"), linkOf("/a", tokenOf("urls", "/a", -1)), moved]) {
    expect((await site.get(link)).status).toBe(403);
  }
});

it("crawlers", async () => {
  const site = await openWith("crawlers", () => page("page", kept));
  const headers = { "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)" };
  await site.get("/");
  site.clock.advance(600);
  expect((await site.get("/", { headers })).cacheStatus).toContain("; hit; ttl=-540");
  expect((await site.get("/")).cacheStatus).toContain("fwd=stale");
});

it("buckets", async () => {
  const site = await openWith(
    "buckets",
    ({ headers }) => page(headers.get("x-bucket") ?? "", kept),
    {
      cookies: { ignore: ["ab"] },
    },
  );
  const { text, fields } = await site.get("/");
  expect(fields.get("set-cookie")).toBe(`ab=${text}; Path=/; Max-Age=604800`);
  for (const bucket of ["a", "b", "a", "b"]) {
    expect((await site.get("/", { headers: { cookie: `ab=${bucket}` } })).text).toBe(bucket);
  }
  expect(site.origin.count).toBe(2);
});

it("countries", async () => {
  const site = await openWith("countries", () => page("home", kept));
  const from = (country: string) =>
    site.handle(Object.assign(new Request("https://www.example.com/"), { cf: { country } }));
  expect((await from("AT")).headers.get("location")).toBe("/de/");
  expect((await from("US")).status).toBe(200);
});

it("ids", async () => {
  const site = await openWith("ids", () => page("page", { ...kept, "x-ids": "7, 8" }));
  await site.get("/");
  await send(site, { tags: ["product:8"] });
  expect((await site.get("/")).cacheStatus).toContain("detail=purged");
});

it("maintenance", async () => {
  const site = await openWith("maintenance", () => page("page", kept), { staleIfError: "1h" });
  await site.get("/");
  site.clock.advance(70);
  site.origin.script = () => page("back soon", { ...kept, "x-maintenance": "1" });
  expect((await site.get("/")).text).toBe("page");
});

it("append", async () => {
  const site = await openWith("append", () => page("page", kept));
  for (const headers of [
    {},
    { range: "bytes=0-1", "if-none-match": '"e"', "accept-encoding": "gzip" },
  ]) {
    const { status, text, fields } = await site.get("/", { headers });
    expect([status, text]).toEqual([200, 'page<script src="/banner.js"></script>']);
    expect([fields.get("etag"), fields.get("content-length")]).toEqual([null, null]);
  }
  expect(site.origin.count).toBe(1);
  expect(site.origin.last.fields.get("accept-encoding")).toBe("identity");
});
