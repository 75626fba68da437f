// On workerd: a field that looks like a credential keeps one client's response from all others, stored or
// by collapsing, in its colo and in others.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, storesSettled, type World } from "../../testing/worker/world.ts";

const names = (
  "X-Api-Key Apikey Ocp-Apim-Subscription-Key X-Auth-Token Private-Token JOB-TOKEN X-Vault-Token " +
  "X-Shopify-Access-Token X-CSRF-Token X-WP-Nonce DPoP X-Jwt X-Auth-User Signature X-Session-Id " +
  "X-User-Id Cf-Access-Jwt-Assertion X-Pomerium-Jwt-Assertion X-Webauth-User Client-Cert"
).split(" ");

let origin: ScriptedOrigin;
let world: World;
const waiting: (() => void)[] = [];
let isHeld = false;

beforeAll(async () => {
  origin = await startScriptedOrigin((request, response) => {
    const own = names.flatMap((name) => request.headers[name.toLowerCase()] ?? []);
    const answer = () => {
      const shared = request.url?.startsWith("/public") ? "public, max-age=600" : "max-age=600";
      response.writeHead(200, { "cache-control": shared });
      response.end(`for ${own.join() || "anybody"}`);
    };
    if (isHeld) waiting.push(answer);
    else answer();
  });
  world = await startWorld({ originUrl: origin.url, colos: 2 });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

it.each(names)("%s", async (name) => {
  const [near, far] = [world.colos[0]!, world.colos[1]!];
  const path = `/page?${name}`;
  const sent = (who: string) => ({ headers: { [name]: who } });
  isHeld = true;
  const asked = ["ada", "bao"].map((who) => rawRequest(near.url, path, sent(who)));
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  isHeld = false;
  for (const answer of waiting.splice(0)) answer();
  const together = await Promise.all(asked);
  expect(together.map(({ body }) => body.toString())).toEqual(["for ada", "for bao"]);
  for (const answer of together) {
    expect(cacheStatusOf(answer)).toContain(`detail="credential-field: ${name.toLowerCase()}"`);
    expect(answer.headers["cache-control"]).toBe("max-age=600, private");
  }
  expect((await rawRequest(near.url, path)).body.toString()).toBe("for anybody");
  await storesSettled(near);
  for (const { url } of [near, far]) {
    const own = await rawRequest(url, path, sent("chiara"));
    expect(own.body.toString()).toBe("for chiara");
    const hit = await rawRequest(url, path);
    expect([hit.body.toString(), cacheStatusOf(hit)]).toEqual([
      "for anybody",
      expect.stringContaining("hit"),
    ]);
  }
});

it("answers a credential where the origin says public", async () => {
  const { url } = world.colos[0]!;
  await rawRequest(url, "/public");
  const answer = await rawRequest(url, "/public", { headers: { "x-api-key": "ada" } });
  expect([answer.body.toString(), cacheStatusOf(answer)]).toEqual([
    "for anybody",
    expect.stringContaining("hit"),
  ]);
});
