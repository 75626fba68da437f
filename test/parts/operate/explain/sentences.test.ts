// Tests explanations that depend on what was found, and the text that the command makes of them.
import { describe, expect, it } from "vitest";
import type { Explanation } from "../../../../src/protocol/explain-answer.ts";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import {
  explained,
  explainedText,
  explainToken,
  questionOf,
} from "../../../../testing/site/explained.ts";
import { type AskInit, idle, openSite, type Site } from "../../../../testing/site/harness.ts";
import { bearer, fresh, saying, url } from "./planted-riddles.ts";

function open(origin: Script, routes: readonly object[] = []): Site {
  const clock = new FakeClock();
  const env = { ADMIN_TOKEN: explainToken };
  const config = { routes } as unknown as ConfigInput;
  return openSite({ clock, upstash: new FakeUpstash(clock), origin, config, env });
}

const textOf = (site: Site, init: AskInit = {}) => explainedText(site, url, init);

const purge = (site: Site, body: object) =>
  site.ask("/_cache/purge", { method: "POST", body: JSON.stringify(body), headers: bearer });

const whyNotAsked = async (site: Site, init: AskInit = {}) => {
  const { look } = await explained(site, url, init);
  return look?.tiers.map(({ because }) => because);
};

describe("the explanation of a tier that a request would not read", () => {
  const failing: Script = (_, nth) =>
    nth === 1 ? page("page", cc("max-age=1, stale-if-error=600")) : page("broken", {}, 500);

  it.each<[because: string, origin: Script, requests: number]>([
    ["answered", fresh, 1],
    ["always-validated", saying("no-cache", { etag: '"1"' }), 1],
    ["stale-if-error", failing, 3],
  ])("names the reason: %s", async (because, origin, requests) => {
    const site = open(origin);
    for (let nth = 1; nth <= requests; nth += 1) {
      await site.get(url);
      if (nth === 1 && requests > 1) site.clock.advance(5);
    }
    expect(await whyNotAsked(site)).toEqual([undefined, because, because]);
  });

  it("names the reason: another request has just fetched the response", async () => {
    const turn = Promise.withResolvers<void>();
    const env = { ADMIN_TOKEN: explainToken };
    const site = openSite({ origin: fresh, env, turn: () => turn.promise });
    await (await site.ask(url)).text();
    await idle();
    const path = `/_cache/explain?${questionOf(url, {})}`;
    const text = await (await site.ask(path, { headers: bearer })).text();
    turn.resolve();
    const { look, next } = JSON.parse(text) as Explanation;
    expect([next, look?.tiers[0]?.because]).toEqual(["answer", "just-fetched"]);
  });

  it("names the reason: the last response was for one session only", async () => {
    const site = open(fresh);
    const withCookie = { headers: { cookie: "session=1" } };
    await site.get(url, withCookie);
    expect((await whyNotAsked(site, withCookie))?.[2]).toBe("passed-over");
  });
});

it.each([
  { id: "one", cookie: "theme=1", says: /harmless: \["theme"\]/ },
  { id: "two", cookie: "a=1; b=2", says: /harmless: \["a", "b"\]/ },
  {
    id: "nameless",
    cookie: "s3cretvalue",
    says: /To fix it: let clients send no cookie without a name, or .*public/,
  },
])("explain names the unknown cookies that prevent a hit: $id", async ({ cookie, says }) => {
  const site = open(fresh);
  await site.get(url);
  const text = await textOf(site, { headers: { cookie } });
  expect(text).toMatch(/^Verdict: forward, on the copy in memory, by the rule unknown-cookie: /m);
  expect(text).toMatch(says);
  expect(text).not.toContain("s3cretvalue");
});

it("explain says that an earlier purge was known and does not apply", async () => {
  const site = open(saying("max-age=300", { "cache-tag": "a" }));
  await purge(site, { tags: ["a"], reason: "early" });
  site.clock.advance(1);
  await (await site.ask(url)).text();
  await idle();
  const known = "because: early. It was known when the copy was requested, so it does not apply.";
  expect(await textOf(site)).toContain(known);
  expect(await textOf(site)).toContain("The copy was requested at 2030-01-01T12:00:01.000Z.");
});

it("explain says that a purge matches the URL if no copy is stored", async () => {
  const site = open(fresh);
  await purge(site, { prefixes: ["/articles/"], reason: "import" });
  const text = await textOf(site);
  expect(text).toMatch(/ matches the URL \(prefixes \/articles\/\), because: import\.$/m);
  expect(text).not.toContain("the copy");
});

it("explain says once that a stale response is refreshed in the background", async () => {
  const site = open(saying("max-age=10, stale-while-revalidate=60"));
  await site.get(url);
  site.clock.advance(12);
  expect((await textOf(site)).match(/refreshes it in the background/g)).toHaveLength(1);
});

it("explain does not call a single purge frequent", async () => {
  const site = open(fresh);
  await site.get(url);
  site.clock.advance(1);
  await purge(site, { prefixes: [url] });
  const text = await textOf(site);
  expect(text).toContain("it is of admin. To fix it: let the sender of the purge name only");
});

it.each([
  ["Cookie", { cookie: "lang=de" }, "vary-cookie"],
  ["Accept-Language", { "accept-language": "de" }, "vary"],
])("explain tells the kind of a variant: %s", async (vary, headers, kind) => {
  const site = open(saying("public, max-age=300", { vary }));
  await site.get(url);
  expect((await explained(site, url, { headers })).look?.nearest?.case).toBe(kind);
});

it.each([
  ["key.headers", "x-a", { "x-a": "2" }],
  ["key.cookies", "lang", { cookie: "lang=de" }],
])("explain names what differs in a key: %s", async (kind, name, headers) => {
  const key = { headers: ["x-a"], cookies: ["lang"] };
  const site = open(fresh, [{ name: "all", match: "*", key }]);
  await site.get(url);
  const { look } = await explained(site, url, { headers });
  expect(look?.nearest).toMatchObject({ case: kind, names: [name] });
  expect(await textOf(site, { headers })).toContain(`: remove "${name}" from the route's key`);
});

it("describes a copy once, although several tiers have it", async () => {
  const site = open(saying("max-age=60", { "surrogate-key": "news front" }));
  await site.get(url);
  const text = await textOf(site);
  expect(text).toContain("the tags front, news.");
  expect(text.split("front, news")).toHaveLength(2);
  expect(text).toMatch(/have the same response\. The request would not read them, because/);
});

it("gives the line to paste for an unknown cookie before anything is stored", async () => {
  const text = await textOf(open(fresh), { headers: { cookie: "seen=1" } });
  expect(text).toContain('cookies: { harmless: ["seen"] }');
  expect(await textOf(open(fresh))).not.toContain("harmless");
});
