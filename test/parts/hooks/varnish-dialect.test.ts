// Tests the purges that Magento, FOSHttpCache, Drupal and WordPress send to Varnish, through the whole
// application. Includes the assertions of FOSHttpCache's functional tests of purges, bans and tags,
// except that a restriction by content type is ignored.
import { describe, expect, it } from "vitest";
import { codeOf } from "../../../testing/site/purge-sender.ts";
import { receive, varnish } from "../../../src/parts/hooks/varnish.ts";
import { idle } from "../../../testing/site/harness.ts";
import {
  hitsOf,
  openVarnishSite,
  sendAsVarnishClient,
  senderAddress,
  varnishToken,
} from "./varnish-site.ts";

type Fields = Readonly<Record<string, string>>;

const magento = (pattern: string) => ({ "x-magento-tags-pattern": pattern });
const ban = (fields: Fields) => ({
  "x-host": ".*",
  "x-url": ".*",
  "x-content-type": ".*",
  ...fields,
});
const other = "https://other.example/a";
const overHttp = "http://www.example.com/news/3";

/** Pages of the site: one per response field with tags, and others. */
const pages = [
  "/magento?x-magento-tags=cat_p_1,FPC",
  "/fos?x-cache-tags=tag1,tag2",
  "/xkey?xkey=tag1%20tag2",
  "/drupal?cache-tags=node:1%20node_list",
  "/purge?purge-cache-tags=node:1%20node_list",
  "/akamai?edge-cache-tag=tag1",
  "/news/1",
  "/news/2",
  "/",
  overHttp,
  other,
];

async function openStored() {
  const opened = openVarnishSite();
  await hitsOf(opened.site, pages);
  expect(await hitsOf(opened.site, pages)).toEqual(pages);
  opened.site.clock.advance(0.001);
  return opened;
}

describe("a purge request of Varnish's dialect", () => {
  it.each<[id: string, method: string, path: string, fields: Fields, purged: readonly string[]]>([
    [
      "Magento, a product",
      "PURGE",
      "/",
      magento("((^|,)cat_p_1(,|$))|((^|,)x(,|$))"),
      ["/magento"],
    ],
    ["Magento, a longer tag", "PURGE", "/", magento("((^|,)cat_p_11(,|$))"), []],
    [
      "FOSHttpCache, tags",
      "BAN",
      "/",
      ban({ "x-cache-tags": "(^|,)(tag2)(,|$)" }),
      ["/fos", "/xkey"],
    ],
    [
      "FOSHttpCache, keys",
      "PURGE",
      "/",
      { "xkey-purge": "tag1,none" },
      ["/fos", "/xkey", "/akamai"],
    ],
    [
      "a client with a key over 256 bytes beside others",
      "PURGE",
      "/",
      { "xkey-purge": `tag2 ${"x".repeat(257)}` },
      ["/fos", "/xkey"],
    ],
    [
      "a client with tags in fields of several kinds",
      "PURGE",
      "/",
      { xkey: "tag2", "cache-tags": "node:1", ...magento("((^|,)cat_p_1(,|$))") },
      ["/magento", "/fos", "/xkey", "/drupal", "/purge"],
    ],
    [
      "a client with patterns in several fields",
      "BAN",
      "/",
      { "x-cache-tags": "tag2", "cache-tags": "node:1" },
      ["/fos", "/xkey", "/drupal", "/purge"],
    ],
    ["Shopware, keys in a PURGE", "PURGE", "/", { xkey: "tag2 none" }, ["/fos", "/xkey"]],
    ["FOSHttpCache for Symfony", "PURGE", "/", { "x-cache-tags": "tag2,none" }, ["/fos", "/xkey"]],
    ["FOSHttpCache, a URL", "PURGE", "/news/1", {}, ["/news/1"]],
    ["FOSHttpCache, a path", "BAN", "/", ban({ "x-url": "^/news/1$" }), ["/news/1"]],
    [
      "FOSHttpCache, a prefix",
      "BAN",
      "/",
      ban({ "x-url": "^/news/.*" }),
      ["/news/1", "/news/2", overHttp],
    ],
    ["FOSHttpCache, a host", "BAN", "/", ban({ "x-host": "^(other.example)$" }), [other]],
    ["FOSHttpCache, an unknown host", "BAN", "/", ban({ "x-host": "wrong-host.lo" }), []],
    ["another client, a path", "BAN", "/news", {}, ["/news/1", "/news/2", overHttp]],
    [
      "another client, a pattern in a PURGE",
      "PURGE",
      "/",
      { "x-url": "^/news/.*" },
      ["/news/1", "/news/2", overHttp],
    ],
    ["Drupal, tags", "BAN", "/", { "cache-tags": "node:1|node:2" }, ["/drupal", "/purge"]],
    [
      "Drupal, tags of Generic HTTP Purger",
      "BAN",
      "/",
      { "purge-cache-tags": "node_list|node:2" },
      ["/drupal", "/purge"],
    ],
    [
      "Drupal, tags of the purger without a configuration",
      "BAN",
      "/tags",
      { "cache-tags": "node:2 node:1", "accept-encoding": "gzip" },
      ["/drupal", "/purge"],
    ],
    ["Drupal, a prefix", "BAN", "/news.*", {}, ["/news/1", "/news/2", overHttp]],
    ["Drupal, a wildcard", "BAN", "/news/*", {}, ["/news/1", "/news/2", overHttp]],
    ["Drupal, a URL over http", "PURGE", "http://www.example.com/news/2", {}, ["/news/2"]],
    ["Drupal, a URL over https", "PURGE", "/news/3", {}, [overHttp]],
    ["WordPress, a URL", "PURGE", "/news/1", { "x-purge-method": "default" }, ["/news/1"]],
    [
      "WordPress, a folder",
      "PURGE",
      "/news/.*",
      { "x-purge-method": "regex" },
      ["/news/1", "/news/2", overHttp],
    ],
    [
      "WordPress, an expression without a star",
      "PURGE",
      "/news",
      { "x-purge-method": "regex" },
      ["/news/1", "/news/2", overHttp],
    ],
  ])("of %s purges its pages alone", async (_, method, path, fields, purged) => {
    const { site, upstash } = await openStored();
    const before = [site.origin.count, upstash.journal.length + 1];
    const seen = await sendAsVarnishClient(site, method, path, fields);
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([200, "no-store"]);
    expect([site.origin.count, upstash.journal.length]).toEqual(before);
    const isPurged = (page: string) => purged.includes(page.split("?", 1)[0] ?? "");
    expect(await hitsOf(site, pages)).toEqual(pages.filter((page) => !isPurged(page)));
  });

  it.each<[id: string, method: string, path: string, fields: Fields]>([
    ["Magento", "PURGE", "/", magento(".*")],
    ["FOSHttpCache", "BAN", "/", ban({})],
    ["FOSHttpCache, HTML", "BAN", "/", ban({ "x-content-type": "text/html" })],
    ["FOSHttpCache for Symfony", "PURGE", "/", { "clear-cache": "true" }],
    ["Drupal", "BAN", "/.*", {}],
    ["WordPress", "PURGE", "/.*", { "x-purge-method": "regex" }],
  ])("of everything by %s purges its host alone", async (_, method, path, fields) => {
    const { site } = await openStored();
    expect((await sendAsVarnishClient(site, method, path, fields)).status).toBe(200);
    expect(await hitsOf(site, pages)).toEqual([other]);
  });

  it("purges all variants of a URL", async () => {
    const origin = () =>
      new Response("page", { headers: { "cache-control": "max-age=600", vary: "accept" } });
    const { site } = openVarnishSite({ origin });
    const isHit = async (accept: string) =>
      (await site.get("/a", { headers: { accept } })).cacheStatus.includes("; hit");
    for (const accept of ["text/html", "application/json"]) {
      await isHit(accept);
      expect(await isHit(accept)).toBe(true);
    }
    site.clock.advance(0.001);
    await sendAsVarnishClient(site, "PURGE", "/a");
    expect([await isHit("text/html"), await isHit("application/json")]).toEqual([false, false]);
  });

  it.each<[id: string, fields: Fields, mode: string]>([
    ["xkey-softpurge", { "xkey-softpurge": "tag1" }, "soft"],
    ["X-Magento-Purge-Soft", { ...magento("a"), "x-magento-purge-soft": "1" }, "soft"],
    ["both fields of keys", { "xkey-softpurge": "tag1", "xkey-purge": "tag2" }, "hard"],
    ["xkey beside xkey-softpurge", { "xkey-softpurge": "tag1", xkey: "tag2" }, "hard"],
    ["no field", {}, "hard"],
  ])("is soft if its fields say so: %s", async (_, fields, mode) => {
    const { site } = openVarnishSite();
    expect((await sendAsVarnishClient(site, "PURGE", "/", fields)).status).toBe(200);
    const line = site.lines.find(({ event }) => event === "purge");
    expect(line).toMatchObject({ by: "varnish", mode, reason: "Varnish PURGE" });
    expect(site.counted()).toMatchObject({ "webhooks|varnish|purged": 1, purges: 1 });
  });

  it.each<[method: string, fields: Fields]>([
    ["PURGE", { ...magento("a"), "x-cache-tags": "" }],
    ["PURGE", { ...magento("a"), xkey: " " }],
    ["BAN", { xkey: "tag1", "cache-tags": "" }],
  ])("purges by one field of tags, whichever other is empty: %s %j", async (method, fields) => {
    const { site } = openVarnishSite();
    expect((await sendAsVarnishClient(site, method, "/", fields)).status).toBe(200);
  });

  it("with tags for several entries of the journal is accepted as a whole", async () => {
    const { site, upstash } = openVarnishSite();
    const tags = Array.from({ length: 2_000 }, (_, at) => `((^|,)cat_p_${at}(,|$))`);
    const seen = await sendAsVarnishClient(site, "PURGE", "/", magento(tags.join("|")));
    expect(JSON.parse(seen.text)).toMatchObject({ targets: { tags: 2_000 } });
    expect(upstash.journal.length).toBeGreaterThan(1);
  });

  it("with a tag that has white space also purges the parts", async () => {
    const { site } = openVarnishSite();
    const paths = ["/a?x-cache-tags=my%20tag", "/b?cache-tag=my%20tag", "/c?xkey=tags"];
    await hitsOf(site, paths);
    site.clock.advance(0.001);
    await sendAsVarnishClient(site, "BAN", "/", { "x-cache-tags": "(^|,)(my tag)(,|$)" });
    expect(await hitsOf(site, paths)).toEqual(["/c?xkey=tags"]);
  });
});

describe("a purge request that is not readable", () => {
  it.each<[id: string, method: string, path: string, fields: Fields]>([
    ["a pattern of tags", "PURGE", "/", magento("cat_p_.*")],
    ["an empty pattern", "PURGE", "/", magento("")],
    ["a pattern of hosts", "BAN", "/", ban({ "x-host": ".*example.com" })],
    ["a pattern of paths", "BAN", "/", ban({ "x-url": ".*css$" })],
    ["a prefix with a query", "BAN", "/", ban({ "x-url": String.raw`^/a\?b=.*` })],
    ["a star within a path", "BAN", "/.*news.*", {}],
    ["a star without X-Purge-Method", "PURGE", "/news/.*", {}],
    ["an empty list of keys", "PURGE", "/", { "xkey-purge": " , " }],
    ["a tag over 256 bytes", "PURGE", "/", { "xkey-purge": "x".repeat(257) }],
  ])("is refused with 400, and reaches neither the journal nor the origin: %s", async (...row) => {
    const [, method, path, fields] = row;
    const { site, upstash } = openVarnishSite();
    const seen = await sendAsVarnishClient(site, method, path, fields);
    expect([seen.status, codeOf(seen)]).toEqual([400, "malformed"]);
    expect([upstash.journal.length, site.origin.count]).toEqual([0, 0]);
    expect(site.counted()).toMatchObject({ "webhooks|varnish|malformed": 1 });
  });

  it("is refused with 413 if its fields are too large", async () => {
    const { site } = openVarnishSite();
    const seen = await sendAsVarnishClient(site, "PURGE", "/", magento("a".repeat(1_048_576)));
    expect([seen.status, codeOf(seen)]).toEqual([413, "too-large"]);
  });
});

describe("the sender of a purge request", () => {
  it.each([
    { id: "another address", address: "203.0.113.8", status: 403 },
    { id: "no address", address: "", status: 403 },
    { id: "an invalid address", address: "203.0.113.7, 203.0.113.8", status: 403 },
    { id: "an address in the network", address: "2001:db8:1::5", status: 200 },
    { id: "an address outside of the network", address: "2001:db9::5", status: 403 },
    { id: "the address, mapped to IPv6", address: "::ffff:203.0.113.7", status: 200 },
    { id: "another address, mapped to IPv6", address: "::ffff:203.0.113.8", status: 403 },
  ])("is recognized by its address: $id", async ({ address, status }) => {
    const addresses = [senderAddress, "2001:db8::/32"];
    const { site, upstash } = openVarnishSite({ dialect: { addresses } });
    const claims = {
      "cf-connecting-ip": address,
      "x-forwarded-for": senderAddress,
      "x-real-ip": senderAddress,
      "true-client-ip": senderAddress,
    };
    const seen = await sendAsVarnishClient(site, "PURGE", "/a", claims);
    expect([seen.status, upstash.journal.length]).toEqual([status, status === 200 ? 1 : 0]);
    expect(site.origin.count).toBe(0);
    if (status === 200) return;
    expect(codeOf(seen)).toBe("not-allowed");
    expect(site.counted()).toMatchObject({
      "operatorRefusals|varnish|wrong": 1,
      "webhooks|varnish|not-allowed": 1,
      "purgeRefusals|not-allowed": 1,
    });
  });

  const tokenHeader = "X-Purge-Token";
  const newer = "p9Wd4sGh6jKf1aZe0uYi";
  const env = { HOOK_SECRET_VARNISH: `${newer}, ${varnishToken}` };

  it.each([
    { id: "the token", fields: { "x-purge-token": varnishToken }, status: 200 },
    { id: "the newer token", fields: { "x-purge-token": newer }, status: 200 },
    {
      id: "both in one field",
      fields: { "x-purge-token": `${newer}, ${varnishToken}` },
      status: 403,
    },
    {
      id: "a prefix of the token",
      fields: { "x-purge-token": varnishToken.slice(0, -1) },
      status: 403,
    },
    { id: "an empty token", fields: { "x-purge-token": "" }, status: 403 },
    { id: "a large token", fields: { "x-purge-token": "x".repeat(5_000) }, status: 403 },
    { id: "the token in another field", fields: { authorization: varnishToken }, status: 403 },
    { id: "no token", fields: {}, status: 403 },
  ])("is recognized by its token: $id", async ({ fields, status }) => {
    const { site, upstash } = openVarnishSite({ dialect: { tokenHeader }, env });
    const seen = await sendAsVarnishClient(site, "PURGE", "/a", fields);
    expect([seen.status, upstash.journal.length]).toEqual([status, status === 200 ? 1 : 0]);
    expect(seen.text).not.toContain(varnishToken);
  });

  it.each([
    { id: "both", address: senderAddress, token: varnishToken, status: 200 },
    { id: "only the address", address: senderAddress, token: "x", status: 403 },
    { id: "only the token", address: "203.0.113.8", token: varnishToken, status: 403 },
  ])("needs both if both are configured, and has $id", async ({ address, token, status }) => {
    const dialect = { addresses: [senderAddress], tokenHeader };
    const { site } = openVarnishSite({ dialect, env });
    const fields = { "cf-connecting-ip": address, "x-purge-token": token };
    expect((await sendAsVarnishClient(site, "PURGE", "/a", fields)).status).toBe(status);
  });

  it("gets 503 if the deployment has no token, and the log has the fault", async () => {
    const { site } = openVarnishSite({ dialect: { tokenHeader } });
    const fields = { "x-purge-token": varnishToken };
    const seen = await sendAsVarnishClient(site, "PURGE", "/a", fields);
    expect([seen.status, codeOf(seen), seen.fields.get("retry-after")]).toEqual([
      503,
      "not-usable",
      "5",
    ]);
    expect(site.origin.count).toBe(0);
    expect(site.log.join()).toContain("HOOK_SECRET_VARNISH is not set");
  });

  it("is recognized by its address alone if a token has no field, and the log has the fault", async () => {
    const { site } = openVarnishSite({ env });
    expect((await sendAsVarnishClient(site, "PURGE", "/a")).status).toBe(200);
    expect(site.log.join()).toContain("HOOK_SECRET_VARNISH has no effect");
  });
});

describe("a site with the dialect", () => {
  it("still forwards other methods, except those that command a cache", async () => {
    const { site } = openVarnishSite();
    await site.get("/a", { method: "POST", body: "x" });
    expect((await site.get("/a", { method: "purge" })).status).toBe(501);
    expect(site.origin.asked.map(({ method }) => method)).toEqual(["POST"]);
  });

  it("returns 404 for a purge request below /_cache/", async () => {
    const { site, upstash } = openVarnishSite();
    const paths = ["/_cache/purge", "/_cache/hooks/varnish", "/%5fcache/x"];
    for (const path of paths) {
      expect((await sendAsVarnishClient(site, "PURGE", path)).status).toBe(404);
    }
    expect(upstash.journal.length).toBe(0);
  });

  it("does not send the fields with tags to clients", async () => {
    const { site } = openVarnishSite();
    const names = varnish({ addresses: [senderAddress] }).tagFields ?? [];
    expect(names).toHaveLength(6);
    const seen = await site.get(`/a?${names.map((name) => `${name}=red`).join("&")}`);
    expect(names.filter((name) => seen.fields.has(name))).toEqual([]);
  });
});

it("the purge of a client that leaves before the answer is background work", async () => {
  const behind: (() => Promise<void>)[] = [];
  const held = Promise.withResolvers<{ answer: string; isAccepted: boolean }>();
  const senders = {
    networks: undefined,
    tokenHeader: undefined,
    secrets: undefined,
    address: null,
  };
  const request = new Request("https://a/", { method: "PURGE" });
  const answering = receive<object, string>(request, senders, {
    nowAtMs: () => 0,
    log: () => undefined,
    afterAnswer: (work) => void behind.push(work),
    bodyOf: async () => new Uint8Array(),
    judged: () => undefined,
    orderOf: (written) => written as object,
    purge: () => held.promise,
    ignored: () => "ignored",
    tested: () => "tested",
    joined: () => "joined",
    refused: ({ why }) => why,
  });
  await idle();
  expect(behind.length).toBe(1);
  held.resolve({ answer: "purged", isAccepted: true });
  expect(await answering).toBe("purged");
});
