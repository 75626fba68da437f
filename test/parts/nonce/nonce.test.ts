// Tests the nonces that clients get: new ones in each answer, the same ones in its fields and in its body.
import { describe, expect, it } from "vitest";
import { defineRule } from "../../../src/part/rule/define-rule.ts";
import { esi } from "../../../src/parts/esi/esi.ts";
import type { Explanation } from "../../../src/protocol/explain-answer.ts";
import { nonce } from "../../../src/parts/nonce/nonce.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import {
  type AskInit,
  openSite,
  type Seen,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
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

const lookOf = async (site: Site) => {
  const { text } = await site.get("/_cache/explain?url=/", { headers: bearer });
  return (JSON.parse(text) as Explanation).look;
};

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
    {
      "cache-control": "max-age=60, stale-if-error=60",
      "cdn-cache-control": "max-age=60",
      expires: "Thu, 01 Jan 2099 00:00:00 GMT",
    },
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

  const ranges = ["bytes=0-30", "bytes=-9", "bytes=0-3,5-9", "bytes=9-", "pages=1"];
  it.each(["video", "audio", "image", "script", "document", ""])(
    "a range of a page gets the whole, for the destination %j",
    async (destination) => {
      const bytes = new TextEncoder().encode(html());
      const site = open(({ headers }) => {
        const [, from = ""] = /^bytes=(\d*)-/.exec(headers.get("range") ?? "") ?? [];
        const fields = { ...kept, ...named(first), "content-type": "image/svg+xml" };
        if (!headers.has("range")) return page(html(), fields);
        const range = `bytes ${Number(from)}-${bytes.length - 1}/${bytes.length}`;
        return page("part", { ...fields, "content-range": range }, 206);
      });
      const asked = { "sec-fetch-dest": destination };
      for (const range of ranges) {
        for (const more of [{}, { "if-range": '"e"' }, { authorization: "Basic eDp5" }]) {
          const headers = { ...asked, ...more, range };
          for (const path of [`/${range}${Object.keys(more).join()}`, "/stored"]) {
            const seen = await site.get(path, { headers });
            expect([seen.status, seen.fields.has("content-range")]).toEqual([200, false]);
            nonceIn(seen);
            expect(seen.head + seen.text).not.toContain(first);
          }
        }
      }
      const head = await site.get("/a", {
        method: "HEAD",
        headers: { ...asked, range: "bytes=0-3" },
      });
      expect([head.status, head.head.includes(first)]).toEqual([200, false]);
    },
  );

  it("a range beyond a page shows none of its nonces", async () => {
    const site = openPage();
    for (const destination of ["image", "video", ""]) {
      const headers = { "sec-fetch-dest": destination, range: "bytes=9999-" };
      const seen = await site.get("/", { headers });
      expect([seen.status, seen.head.includes(first)]).toEqual([
        destination === "video" ? 416 : 200,
        false,
      ]);
    }
  });
});

it("each nonce has a value of its own, so that none allows more than before", async () => {
  const [styles, reported] = [`styles-${first}`, `${first.slice(0, -1)}reported`];
  const site = open(() =>
    page(html() + html(styles) + html(reported), {
      ...kept,
      "content-security-policy": `script-src 'NONCE-${first}', style-src 'nonce-${styles}'`,
      "content-security-policy-report-only": `script-src 'nonce-${reported}'`,
    }),
  );
  for (const _ of ["miss", "hit"]) {
    const { ofPolicies, ofBody } = noncesIn(await site.get("/"));
    expect(ofBody).toEqual(ofPolicies.flatMap((own) => [own, own]));
    expect(new Set(ofPolicies).size).toBe(3);
  }
});

it.each([
  [{ set: named(first) }],
  [{ add: { "Content-Security-Policy-Report-Only": policy(first) } }],
])("a route must not name a nonce itself: %j", (headers) => {
  expect(() => openPage({}, {}, { response: { headers } })).toThrow("the same in each answer");
});

it.each(["application/rss+xml", "application/xml", "text/html, */*", "x", ""])(
  "a page of the type %j is one",
  async (type) => {
    const site = openPage({ "content-type": type });
    expect(nonceIn(await site.get("/"))).not.toBe(nonceIn(await site.get("/")));
  },
);

describe("a request that bypasses the cache", () => {
  const plain = { "accept-encoding": "br" };
  const coding: Script = ({ headers }) => {
    const isCoded = /br|gzip/.test(headers.get("accept-encoding") ?? "");
    const fields = { ...kept, ...named(first), ...(isCoded && { "content-encoding": "br" }) };
    return headers.has("range")
      ? page("<p>A", { ...fields, "content-range": "bytes 0-3/99" }, 206)
      : page(html(), fields);
  };
  it.each<AskInit>([
    { headers: { ...plain, authorization: "Basic eDp5" } },
    { headers: { ...plain, authorization: "Basic eDp5", range: "bytes=0-3" } },
    { headers: { ...plain, authorization: "Basic eDp5", range: "bytes=0-3,5-9" } },
    { headers: { ...plain, "if-match": "*" } },
    { headers: plain, method: "POST", body: "" },
  ])("gets a whole page that shows no nonce of the origin: %j", async (init) => {
    const seen = await open(coding).get("/", init);
    nonceIn(seen);
    expect([seen.status, (seen.head + seen.text).includes(first)]).toEqual([200, false]);
  });

  it("gets no parts of a page, even if the origin sends them unasked", async () => {
    const type = "multipart/byteranges; boundary=b";
    const fields = { ...kept, ...named(first), "content-type": type };
    const site = open(() => page(`--b\r\n\r\n${html()}\r\n--b--`, fields, 206));
    const { status, text } = await site.get("/", { headers: { authorization: "Basic eDp5" } });
    expect([status, text.includes(first)]).toEqual([500, false]);
  });
});

it.each([
  ["as it is", (own: string) => own],
  ["as in a URL", encodeURIComponent],
])("no field of a 304 or a page has a stored nonce, %s", async (_, form) => {
  const site = openPage({ link: `</a.js>; nonce="${form(first)}"` });
  await site.get("/");
  const image = { "sec-fetch-dest": "image" };
  for (const headers of [{}, image, { ...image, "if-none-match": "*" }]) {
    const { head, status } = await site.get("/", { headers });
    expect([status, head.includes(form(first))]).toEqual([
      "if-none-match" in headers ? 304 : 200,
      false,
    ]);
  }
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
    const own = { "/p": first, "/f": `f${first}`, "/g": `g${first}` };
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

  it("gives no nonce to a fragment whose text has that of the page", async () => {
    const site = open(
      ({ url }) =>
        page(
          html() + (new URL(url).pathname === "/p" ? '<esi:include src="/f"/>' : ""),
          new URL(url).pathname === "/p" ? { ...kept, ...named(first) } : kept,
        ),
      {},
      { use: [esi("html"), nonce()] },
    );
    for (const _ of ["miss", "hit"]) {
      const { ofPolicies, ofBody } = noncesIn(await site.get("/p"));
      expect(ofBody).toEqual([ofPolicies[0], ofPolicies[0], first, first]);
    }
  });

  it("has one nonce each time its request is handled, also at once", async () => {
    const site = open(
      ({ url }) => {
        const isPage = new URL(url).pathname === "/p";
        const own = isPage ? first : `f${first}`;
        return page(html(own) + (isPage ? '<esi:include src="/f"/>' : ""), {
          ...kept,
          ...named(own),
        });
      },
      {},
      { use: [esi("html"), nonce()] },
    );
    const request = new Request("https://www.example.com/p");
    const answers = [
      await site.handle(request),
      ...(await Promise.all([site.handle(request), site.handle(request)])),
    ];
    const values = await Promise.all(
      answers.map(async ({ headers: fields, ...rest }, nth) => {
        const text = await (answers[nth] ?? Response.error()).text();
        return nonceIn({ ...rest, fields, text });
      }),
    );
    expect(new Set(values).size).toBe(3);
  });

  it.each([
    [
      "the page has two",
      `script-src 'nonce-${first}'; style-src 'nonce-styles-${first}'`,
      "script-src",
    ],
    ["the fragment's policy allows less", `script-src 'nonce-${first}'`, "style-src"],
  ])("does not share its nonce with a fragment if %s", async (_, ofPage, directive) => {
    const own = `f${first}`;
    const site = open(
      ({ url }) =>
        new URL(url).pathname === "/p"
          ? page('<esi:include src="/f"/>', { ...kept, "content-security-policy": ofPage })
          : page(html(own), { ...kept, "content-security-policy": `${directive} 'nonce-${own}'` }),
      {},
      { use: [esi("html"), nonce()] },
    );
    const { ofPolicies, ofBody } = noncesIn(await site.get("/p"));
    expect(ofBody).toHaveLength(2);
    expect(ofPolicies).not.toContain(ofBody[0]);
    expect(ofBody).not.toContain(own);
  });
});

describe("a 304 of the origin", () => {
  /** Returns a page whose 304 has other fields. */
  const validated =
    (ofPage: FieldTexts, of304: (nth: number) => FieldTexts): Script =>
    ({ headers }, nth) =>
      headers.has("if-none-match")
        ? unchanged({ ...cc("max-age=60"), etag: '"e"', ...of304(nth) })
        : page(html(), { ...kept, ...ofPage });

  it("updates the policy and other fields, with the nonces of the stored body", async () => {
    const fields = (own: string, more: string) => ({
      "content-security-policy": `script-src 'nonce-${own}'${more}`,
      link: `</a.js>; rel=preload; as=script; nonce="${own}"`,
    });
    const site = open(
      validated(fields(first, " 'unsafe-eval'"), (nth) => fields(`${nth}${first}`, "")),
    );
    const before = nonceIn(await site.get("/"));
    site.clock.advance(70);
    const seen = await site.get("/");
    expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    const own = nonceIn(seen);
    expect(own).not.toBe(before);
    expect(seen.fields.get("content-security-policy")).toBe(`script-src 'nonce-${own}'`);
    expect(seen.fields.get("link")).toContain(`nonce="${own}"`);
    nonceIn(await site.get("/"));
    expect(countsOf(site, "changedBy304")).toEqual({});
  });

  it("updates a policy without a nonce", async () => {
    const site = open(
      validated({ "content-security-policy": "default-src *" }, () => ({
        "content-security-policy": "default-src 'none'",
      })),
    );
    await site.get("/");
    site.clock.advance(70);
    const { fields, cacheStatus } = await site.get("/");
    expect(cacheStatus).toContain("fwd-status=304");
    expect(fields.get("content-security-policy")).toBe("default-src 'none'");
  });

  it.each([
    ["none", { "content-security-policy": "default-src *" }],
    ["two", { "content-security-policy": `script-src 'nonce-a${first}' 'nonce-b${first}'` }],
    ["an unfit one", named("short")],
  ])("with %s is for another body, which is loaded", async (_, fields) => {
    const site = open(validated(named(first), () => fields));
    await site.get("/");
    site.clock.advance(70);
    const seen = await site.get("/");
    expect(seen.cacheStatus).toContain("fwd-status=200");
    nonceIn(seen);
  });
});

describe("a page whose nonce cannot be replaced", () => {
  it.each([
    ["has a coding", { "content-encoding": "br" }, first, "coding"],
    ["is in UTF-16", { "content-type": 'text/html; charset="UTF-16LE"' }, first, "charset"],
    ["has a short nonce", {}, "abc123", "form"],
    ["has a long nonce", {}, "a".repeat(129), "form"],
    ["has no base64", {}, "%%%nonce-of-the-site%%%", "form"],
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
    expect(finding).toMatchObject({ about: 'route "pages"', values: { faults: [why] } });
    expect((await lookOf(site))?.last?.notStored?.rule).toBe("nonce-unreplaced");
  });
});

it("a page by the type that its route sets is one", async () => {
  const site = openPage(
    { "content-type": "text/plain", ...named("short") },
    {},
    {
      response: { headers: { set: { "Content-Type": "text/html" } } },
    },
  );
  await site.get("/");
  expect((await site.get("/")).cacheStatus).toContain("detail=nonce-unreplaced");
});

it("the part removes the finding nonce-shared, which names it", async () => {
  const env = { ADMIN_TOKEN: adminToken };
  for (const use of [[nonce()], []]) {
    const site = openPage({}, { env }, { use });
    await site.get("/");
    const findings = use.length > 0 ? [] : ["nonce-shared"];
    expect((await found(site, "nonce-shared"))?.code).toBe(findings[0]);
    expect((await lookOf(site))?.tiers[0]?.copy?.findings).toEqual(findings);
  }
});
