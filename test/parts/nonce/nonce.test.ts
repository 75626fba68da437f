// Tests the nonces that clients get: new ones in each answer, the same ones in its fields and in its body.
import { describe, expect, it } from "vitest";
import { defineRule } from "../../../src/part/define-rule.ts";
import { esi } from "../../../src/parts/esi/esi.ts";
import { nonce } from "../../../src/parts/nonce/nonce.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
} from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { openSite, type Seen, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { adminToken, bearer } from "../../../testing/site/purge-sender.ts";
import { found } from "../operate/health/health-world.ts";
// Needs parts: esi.

const first = "c2VjcmV0K25vbmNlL29mIHRoZSBvcmlnaW4=";
const policy = (own: string) => `default-src 'self'; script-src 'strict-dynamic' 'nonce-${own}'`;
const named = (own: string) => ({ "content-security-policy": policy(own) });
const html = (own = first) =>
  `<p>A</p><script nonce="${own}">1</script><script nonce='${own}'>2</script>`;
const kept = cc("public, max-age=60, s-maxage=60", {
  etag: '"e"',
  "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT",
  "accept-ranges": "bytes",
});

function open(origin: Script, { config, ...options }: SiteOptions = {}, route: object = {}) {
  const routes = [{ name: "pages", match: "*", use: [nonce()], ...route }];
  return openSite({ origin, config: { routes, ...config }, ...options });
}

const openPage = (fields: FieldTexts = {}, options: SiteOptions = {}, route: object = {}) =>
  open(() => page(html(), { ...kept, ...named(first), ...fields }), options, route);

/** Returns the nonces of an answer, in its policies and then in its body. */
const noncesIn = ({ fields, text }: Pick<Seen, "fields" | "text">) => ({
  ofPolicies: [
    ...`${fields.get("content-security-policy")} ${fields.get("content-security-policy-report-only")}`.matchAll(
      /'nonce-([^']*)'/gi,
    ),
  ].map(([, own]) => own),
  ofBody: [...text.matchAll(/nonce=["']([^"']*)/g)].map(([, own]) => own),
});

/** Returns the nonce of an answer that has one for all its places. */
function nonceIn(seen: Pick<Seen, "fields" | "text">): string {
  const { ofPolicies, ofBody } = noncesIn(seen);
  const all = new Set([...ofPolicies, ...ofBody]);
  expect(ofBody.length).toBeGreaterThan(0);
  expect(ofPolicies.length).toBeGreaterThan(0);
  expect([...all]).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
  return [...all][0] ?? "";
}

const explainedText = async (site: Site) =>
  (await site.get("/_cache/explain?format=text&url=/", { headers: bearer })).text;

it("each answer has a nonce of its own, in its fields and in its body, from all tiers", async () => {
  const site = openPage({
    "content-security-policy-report-only": policy(first),
    link: `</a.js>; nonce="${first}"`,
  });
  const answers = [await site.get("/"), await site.get("/"), await site.get("/")];
  const { cache, clock } = site;
  const other = openPage({}, { cache, clock });
  answers.push(await other.get("/"));
  expect(answers.map(({ cacheStatus }) => /hit|miss/.exec(cacheStatus)?.[0])).toEqual([
    "miss",
    "hit",
    "hit",
    "hit",
  ]);
  expect(new Set(answers.map(nonceIn)).size).toBe(4);
  for (const { head, text } of answers) expect(head + text).not.toContain(first);
  expect(site.origin.count + other.origin.count).toBe(1);
});

it("one request that is handled twice gets two nonces", async () => {
  const site = openPage();
  const request = new Request("https://www.example.com/");
  const answers = [await site.handle(request), await site.handle(request)];
  const [one, other] = answers.map(({ headers }) => headers.get("content-security-policy"));
  expect(one).not.toBe(other);
});

it("the answer is its client's alone: without lifetime, validators, length and ranges", async () => {
  const site = openPage(
    { "cdn-cache-control": "max-age=60", expires: "Thu, 01 Jan 2099 00:00:00 GMT" },
    { config: { cacheInFront: true } },
    { browser: "1h" },
  );
  const range = { range: "bytes=0-3" };
  const conditions = {
    "if-none-match": '"e", *',
    "if-modified-since": "Thu, 01 Jan 2099 00:00:00 GMT",
  };
  for (const path of ["/a", "/b"]) {
    for (const headers of [
      {},
      range,
      conditions,
      { ...conditions, ...range },
      { ...range, "if-range": '"e"' },
    ]) {
      const seen = await site.get(path, { headers });
      expect(seen.status).toBe(200);
      nonceIn(seen);
      expect(seen.fields.get("cache-control")).toBe("private, max-age=0");
      const gone = [
        "etag",
        "last-modified",
        "content-length",
        "accept-ranges",
        "expires",
        "cdn-cache-control",
      ];
      expect(gone.filter((name) => seen.fields.has(name))).toEqual([]);
    }
  }
  const strict = await openPage(cc("private, no-store")).get("/");
  expect(strict.fields.get("cache-control")).toContain("no-store");
});

it("a HEAD has the fields of a GET", async () => {
  const site = openPage();
  const heads = [
    await site.get("/", { method: "HEAD" }),
    await site.get("/"),
    await site.get("/", { method: "HEAD" }),
  ];
  const names = heads.map(({ fields }) =>
    [...fields.keys()].filter((name) => name !== "age" && name !== "date").join(),
  );
  expect(new Set(names).size).toBe(1);
  expect(heads.map(({ text }) => text === "")).toEqual([true, false, true]);
  const [one, , other] = heads.map(({ fields }) => fields.get("content-security-policy"));
  expect(one).not.toBe(other);
  expect(one).not.toContain(first);
});

it("errors, private answers and answers to POST have their own nonces as well", async () => {
  const site = open(
    ({ method }) =>
      page(
        html(),
        { ...(method === "POST" ? cc("no-store") : kept), ...named(first) },
        method === "POST" ? 200 : 404,
      ),
    {},
    { negative: { 404: "1m" } },
  );
  const answers = [
    await site.get("/"),
    await site.get("/"),
    await site.get("/", { method: "POST", body: "" }),
  ];
  expect(answers[1]?.cacheStatus).toContain("; hit");
  expect(new Set(answers.map(nonceIn)).size).toBe(3);
});

describe("on the same route", () => {
  it("data and files keep their lifetime, their validators and their body", async () => {
    const text = `{"text":"${first}"}`;
    const site = open(
      () =>
        new Response(text, {
          headers: { "content-type": "application/json", ...kept, ...named(first) },
        }),
    );
    for (const _ of ["miss", "hit"]) {
      const { text: sent, fields } = await site.get("/data");
      expect([sent, fields.get("etag"), fields.get("cache-control")]).toEqual([
        text,
        '"e"',
        "public, max-age=60",
      ]);
      expect(fields.get("content-security-policy")).not.toContain(first);
    }
    const part = { "sec-fetch-dest": "video", range: "bytes=0-3" };
    expect((await site.get("/data", { headers: part })).status).toBe(206);
    const again = { "sec-fetch-dest": "image", "if-none-match": '"e"' };
    const { status, fields } = await site.get("/data", { headers: again });
    // The browser's own copy keeps the policy that it has.
    expect([status, fields.has("content-security-policy")]).toEqual([304, false]);
  });

  it("a page without a nonce keeps its fields", async () => {
    const site = openPage({ "content-security-policy": "default-src 'self'" });
    const { text, fields } = await site.get("/");
    expect([text, fields.get("etag"), fields.get("cache-control")]).toEqual([
      html(),
      '"e"',
      "public, max-age=60",
    ]);
  });

  it("no part of a page leaves", async () => {
    const site = openPage();
    await site.get("/");
    const { status, text } = await site.get("/", {
      headers: { "sec-fetch-dest": "video", range: "bytes=0-30" },
    });
    expect([status, text.includes(first)]).toEqual([500, false]);
  });
});

it("several nonces, and a text that is no base64, are replaced", async () => {
  const other = "%%%nonce-of-the-site%%%";
  const both = `script-src 'NONCE-${first}', style-src 'nonce-${other}'`;
  const site = open(() => page(html() + html(other), { ...kept, "content-security-policy": both }));
  expect(noncesIn(await site.get("/")).ofBody).toHaveLength(4);
  nonceIn(await site.get("/"));
});

it("a policy that the route sets has the nonce of the page", async () => {
  const site = open(() => page(html(), kept), {}, { response: { headers: { set: named(first) } } });
  expect(nonceIn(await site.get("/"))).not.toBe(nonceIn(await site.get("/")));
});

it("a rule's filter runs before, so that its scripts have the nonce", async () => {
  const script = new TextEncoder().encode(`<script nonce="${first}">3</script>`);
  const filter = () => new TransformStream({ flush: (to) => to.enqueue(script) });
  const site = openPage({}, {}, { use: [nonce(), defineRule({ name: "append", filter })] });
  for (const _ of ["miss", "hit"]) expect(noncesIn(await site.get("/")).ofBody).toHaveLength(3);
  nonceIn(await site.get("/"));
});

describe("a page of fragments", () => {
  it("has one nonce, also in fragments of fragments with nonces of their own", async () => {
    const own = { "/p": first, "/f": `${first}-f`, "/g": `${first}-g` };
    const tags: FieldTexts = { "/p": '<esi:include src="/f"/>', "/f": '<esi:include src="/g"/>' };
    const script: Script = ({ url }) => {
      const path = new URL(url).pathname as keyof typeof own;
      return page(html(own[path]) + (tags[path] ?? ""), { ...kept, ...named(own[path]) });
    };
    const site = open(script, {}, { use: [esi("html"), nonce()] });
    const answers = [await site.get("/p"), await site.get("/p")];
    expect(answers.map((seen) => noncesIn(seen).ofBody.length)).toEqual([6, 6]);
    expect(new Set(answers.map(nonceIn)).size).toBe(2);
    expect(answers[1]?.text).not.toContain(first);
    expect(site.origin.count).toBe(3);
  });

  it("gives no nonce to the text of a fragment that guesses one", async () => {
    const guess = (path: string) =>
      path === "/p" ? `${html()}<esi:include src="/f"/>` : html("a-guess-of-an-attacker");
    const site = open(
      ({ url }) => page(guess(new URL(url).pathname), { ...kept, ...named(first) }),
      {},
      { use: [esi("html"), nonce()] },
    );
    const { ofBody } = noncesIn(await site.get("/p"));
    expect(ofBody.slice(2)).toEqual(["a-guess-of-an-attacker", "a-guess-of-an-attacker"]);
  });
});

describe("validation", () => {
  it("a 304 with another nonce keeps the policy of the stored body", async () => {
    const script: Script = ({ headers }, nth) =>
      headers.has("if-none-match")
        ? new Response(null, {
            status: 304,
            headers: { ...cc("max-age=60"), ...named(`${first}${nth}`) },
          })
        : page(html(`${first}${nth}`), { ...kept, ...named(`${first}${nth}`) });
    const site = open(script);
    const before = nonceIn(await site.get("/"));
    site.clock.advance(70);
    const seen = await site.get("/");
    expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(nonceIn(seen)).not.toBe(before);
    nonceIn(await site.get("/"));
    expect(countsOf(site, "changedBy304")).toEqual({});
  });
});

describe("a page whose nonce cannot be replaced", () => {
  it.each([
    ["has a coding", { "content-encoding": "br" }, first, "Accept-Encoding: identity"],
    ["has a short nonce", {}, "abc123", "fewer than 16"],
    ["has a long nonce", {}, "a".repeat(129), "more than 128"],
  ])("that %s is not stored, and the finding says why", async (_, fields, own, why) => {
    const env = { ADMIN_TOKEN: adminToken };
    const site = open(() => page(html(own), { ...kept, ...named(own), ...fields }), { env });
    for (const nth of [1, 2]) {
      const {
        text,
        cacheStatus,
        fields: sent,
      } = await site.get("/", {
        headers: { "accept-encoding": "br" },
      });
      expect([site.origin.count, text]).toEqual([nth, html(own)]);
      expect(cacheStatus).toContain("detail=nonce-unreplaced");
      expect([sent.get("content-security-policy"), sent.get("cache-control")]).toEqual([
        policy(own),
        "private, max-age=0",
      ]);
    }
    expect(site.origin.last.fields.get("accept-encoding")).toBe("identity");
    const finding = await found(site, "nonce-unreplaced");
    expect([finding?.about, finding?.remedy]).toEqual([
      'route "pages"',
      expect.stringContaining(why),
    ]);
    expect(await explainedText(site)).toContain("nonce() cannot replace the nonce");
  });
});

it("the part removes the finding nonce-shared, which names it", async () => {
  const env = { ADMIN_TOKEN: adminToken };
  for (const [use, remedy] of [
    [[nonce()], undefined],
    [[], expect.stringContaining("use: [nonce()]")],
  ] as const) {
    const site = openPage({}, { env }, { use });
    await site.get("/");
    expect((await found(site, "nonce-shared"))?.remedy).toEqual(remedy);
    const isTold = (await explainedText(site)).includes("get the same nonce");
    expect(isTold).toBe(remedy !== undefined);
  }
});
