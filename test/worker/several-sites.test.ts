// On the built Worker: two sites by their hosts, each before its own origin; and a second environment
// on the same database, which shares nothing with the first.
import { afterAll, beforeAll, expect, it } from "vitest";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken, startWorld, storesSettled, type World } from "../../testing/worker/world.ts";

const running = new Running();
let production: World;
let staging: World;

async function startOrigin(name: string): Promise<string> {
  let nth = 0;
  const origin = await startScriptedOrigin((request, response) => {
    nth += 1;
    response.setHeader("cache-control", "max-age=600");
    const host = String(request.headers["x-forwarded-host"]);
    response.end(`${name} ${nth} for ${host} by ${request.method}`);
  });
  return (await running.add(Promise.resolve(origin))).url;
}

beforeAll(async () => {
  const [news, shop] = [await startOrigin("news"), await startOrigin("shop")];
  const settings = {
    originUrl: news,
    redisUrl: (await running.add(startEmbeddedValkey())).url,
    colos: 2,
    config: `{
      origins: { shop: { url: ${JSON.stringify(shop)} } },
      routes: [
        { name: "writes", match: "/a", methods: ["POST"], origin: "shop" },
        { name: "shop", match: ["shop.test/*", "*.shop.test/*"], origin: "shop" },
      ],
    }`,
  };
  const env = { SITE_HOST: "news.test shop.test" };
  production = await running.add(startWorld({ ...settings, env }));
  staging = await running.add(startWorld({ ...settings, env: { ...env, NAMESPACE: "staging" } }));
});

afterAll(() => running.stop());

async function get({ colos }: World, host: string, nth = 0): Promise<readonly [string, string]> {
  const colo = colos[nth]!;
  const answer = await rawRequest(colo.url, "/a", { headers: { host } });
  await storesSettled(colo);
  const status = cacheStatusOf(answer);
  const from = /detail=(\w+)/.exec(status)?.[1] ?? "origin";
  return [answer.body.toString(), from];
}

const newsPage = "news 1 for news.test by GET";
const shopPage = "shop 1 for shop.test by GET";

it("answers each host from its own origin, and out of its own records", async () => {
  expect(await get(production, "news.test")).toEqual([newsPage, "origin"]);
  expect(await get(production, "shop.test")).toEqual([shopPage, "origin"]);
  expect(await get(production, "shop.test:8443")).toEqual([shopPage, "memory"]);
  expect(await get(production, "other.test")).toEqual([newsPage, "memory"]);
  expect(await get(production, "shop.test", 1)).toEqual([shopPage, "shared"]);
  expect(await get(production, "news.test", 1)).toEqual([newsPage, "shared"]);
});

it("sends a method to the origin of its route", async () => {
  const { url } = production.colos[0]!;
  const answer = await rawRequest(url, "/a", { method: "POST", headers: { host: "any.test" } });
  expect(answer.body.toString()).toBe("shop 2 for news.test by POST");
});

it("shares neither records nor purges with another NAMESPACE on its database", async () => {
  expect(await get(staging, "shop.test")).toEqual(["shop 3 for shop.test by GET", "origin"]);
  const ordered = await rawRequest(production.colos[0]!.url, "/_cache/purge", {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ everything: true }),
  });
  expect(ordered.status).toBe(200);
  expect(await get(production, "shop.test")).toEqual(["shop 4 for shop.test by GET", "purged"]);
  // A colo that reads journal and records for the first time.
  expect(await get(staging, "shop.test", 1)).toEqual(["shop 3 for shop.test by GET", "shared"]);
});
