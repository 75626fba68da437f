// Tests request fields that look like credentials. The response to one client never answers another
// client, by storage or by collapsing, unless the origin shares the response explicitly.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, closedGate, type FieldTexts, page } from "../../../testing/fakes/origin-in-process.ts";
import { type AskInit, openSite, read, type Site, until } from "../../../testing/site/harness.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";

/** Names from the documents of vendors. On a cached route, some never reach the origin. */
const names = (
  "X-Api-Key Api-Key Apikey X-Apikey X-Mbx-Apikey Ocp-Apim-Subscription-Key X-Goog-Api-Key DD-API-KEY " +
  "DD-APPLICATION-KEY X-RapidAPI-Key X-Functions-Key X-License-Key CB-ACCESS-KEY X-Parse-Master-Key " +
  "X-Auth-Token X-Access-Token X-Token Token Private-Token PRIVATE-TOKEN JOB-TOKEN Deploy-Token " +
  "X-Vault-Token X-Consul-Token X-Plex-Token X-Shopify-Access-Token X-Figma-Token X-Refresh-Token " +
  "X-CSRF-Token X-XSRF-TOKEN X-CSRFToken RequestVerificationToken X-WP-Nonce Jenkins-Crumb " +
  "X-Amz-Security-Token X-Client-Secret X-Hasura-Admin-Secret DPoP X-JWT X-Jwt-Claims X-Authorization " +
  "X-Serverless-Authorization Proxy-Authorization X-Auth X-Auth-Key X-Auth-Email X-Auth-User " +
  "X-Zumo-Auth X-Api-Password X-GitHub-OTP Signature Signature-Input X-Signature X-Session X-Session-Id " +
  "Session-Id Mcp-Session-Id X-Parse-Session-Token Sec-Token-Binding Cf-Access-Jwt-Assertion " +
  "Cf-Access-Client-Id Cf-Access-Client-Secret Cf-Access-Authenticated-User-Email " +
  "X-Goog-Iap-Jwt-Assertion X-Pomerium-Jwt-Assertion X-Pomerium-Claim-Email Teleport-Jwt-Assertion " +
  "X-MS-Client-Principal X-MS-Token-AAD-Access-Token X-Amzn-Oidc-Data X-Forwarded-User " +
  "X-Forwarded-Email X-Forwarded-Access-Token X-Remote-User Remote-User X-User X-User-Id X-Email " +
  "X-Webauth-User X-Webauth-Name X-Authentik-Username Tailscale-User-Login X-Consumer-Username " +
  "X-Replit-User-Id X-Firebase-AppCheck X-IBM-Client-Id X-Userinfo X-Endpoint-API-UserInfo " +
  "Impersonate-User Sudo Client-Cert Client-Cert-Chain X-SSL-Client-Cert X-Client-Cert " +
  "X-Forwarded-Client-Cert X-Amzn-Mtls-Clientcert X-ARR-ClientCert Cf-Client-Cert-Der-Base64"
).split(" ");

const route = { name: "all", match: "*", fresh: "5m" } as const;
const fresh: ConfigInput = { routes: [route] };
const withField = (name: string, value: string): AskInit => ({ headers: { [name]: value } });
const alice = withField("x-api-key", "alice");
const bob = withField("x-api-key", "bob");

/** Answers with a page that contains each request field except those that all clients send. */
function personal(fields: FieldTexts = {}) {
  const known = new Set("accept-encoding cache-control host via".split(" "));
  return ({ headers }: Request, nth: number) => {
    const own = [...headers].filter(
      ([name]) =>
        !known.has(name) && !/^(?:x-forwarded-(?:proto|host|for)|surrogate-.*)$/.test(name),
    );
    return page(`${own.map(([name, value]) => `${name}=${value}`).join()} ${nth}`, fields);
  };
}

async function texts(site: Site, inits: readonly AskInit[], path = "/a"): Promise<string[]> {
  const seen = [];
  for (const init of inits) seen.push((await site.get(path, init)).text);
  return seen;
}

describe("the response to one client", () => {
  it.each(names)("is not stored for another client: %s", async (name) => {
    const site = openSite({ config: fresh, origin: personal() });
    const seen = await texts(site, [withField(name, "alice"), withField(name, "bob"), {}]);
    expect(seen[1]).not.toContain("alice");
    expect(seen[2]).not.toMatch(/alice|bob/);
    const other = openSite({ config: fresh, origin: personal() });
    const [, forOne] = await texts(other, [{}, withField(name, "carol")]);
    // If the field reaches the origin, the client gets the response to its own field.
    const reaches = /carol/.test(
      (await texts(openSite({ origin: personal() }), [withField(name, "carol")]))[0]!,
    );
    expect(/carol/.test(forOne!)).toBe(reaches);
  });

  it.each(names)("does not answer a concurrent request of another client: %s", async (name) => {
    const gate = closedGate();
    const site = openSite({ config: fresh });
    site.origin.script = async (request, nth) => {
      await gate.opened;
      return personal()(request, nth);
    };
    const asked = ["alice", "bob"].map((who) => site.ask("/a", withField(name, who)).then(read));
    const anonymous = site.ask("/a").then(read);
    await until(() => site.origin.count >= 1);
    gate.open();
    const [first, second] = await Promise.all(asked);
    expect(first!.text).not.toContain("bob");
    expect(second!.text).not.toContain("alice");
    expect((await anonymous).text).not.toMatch(/alice|bob/);
    await site.settle();
  });
});

describe("a response to a credential", () => {
  it("is not stored, has the reason in Cache-Status, and gets `private`", async () => {
    const site = openSite({ config: fresh, origin: personal(cc("max-age=600")) });
    const seen = await site.get("/a", { headers: { "x-api-key": "a", DPoP: "b" } });
    expect(seen.cacheStatus).toBe(
      'tidemark; fwd=uri-miss; fwd-status=200; detail="credential-field: dpop, x-api-key"',
    );
    expect(seen.fields.get("cache-control")).toBe("max-age=600, private");
    expect(countsOf(site, "refusals")).toEqual({ "refusals|all|credential-field": 1 });
  });

  it("answers only the same credential if it varies by the credential", async () => {
    const vary = cc("max-age=60", { vary: "x-api-key" });
    const site = openSite({ origin: personal(vary) });
    expect(await texts(site, [alice, bob, alice, {}, bob])).toEqual([
      "x-api-key=alice 1",
      "x-api-key=bob 2",
      "x-api-key=alice 1",
      " 3",
      "x-api-key=bob 2",
    ]);
  });

  it("is not stored if it varies by only one of two credentials", async () => {
    const vary = cc("max-age=60", { vary: "x-api-key" });
    const site = openSite({ origin: personal(vary) });
    const both: AskInit = { headers: { "x-api-key": "alice", "x-auth-token": "t" } };
    const seen = await texts(site, [both, both, alice, both]);
    expect(seen.map((text) => text.replace(/.* /, ""))).toEqual(["1", "2", "3", "4"]);
  });

  it("is not stored if one of its fields contains the credential, even with `public`", async () => {
    const token = "0123456789abcdef0123";
    const fields = cc("public, max-age=60", { link: `</next?key=${token}>; rel=next` });
    const site = openSite({ origin: (_, nth) => page(`page ${nth}`, fields) });
    const init = withField("x-api-key", token);
    expect((await site.get("/a", init)).cacheStatus).toContain("names-client");
    expect(await texts(site, [{}])).toEqual(["page 2"]);
  });
});

describe("the storing of a response to a credential", () => {
  const all = (more: object): ConfigInput => ({ routes: [{ ...route, ...more }] });

  const added = { credentialFields: { add: ["x-api-*"] } };
  const notKeys = { except: ["*-key"] };

  it.each<[id: string, config: ConfigInput, expected: string]>([
    ["keyed", all({ key: { headers: ["X-Api-Key"] } }), "1 2 1 3"],
    ["not forwarded", all({ forward: [] }), "1 1 1 1"],
    ["excepted by the route", all({ credentialFields: { except: ["X-API-Key"] } }), "1 1 1 1"],
    ["excepted by the site", { ...fresh, credentialFields: notKeys }, "1 1 1 1"],
    ["added by the route", { credentialFields: notKeys, ...all(added) }, "1 2 3 4"],
  ])("follows the configuration: %s", async (_, config, expected) => {
    const site = openSite({ config, origin: (_request, nth) => page(`${nth}`) });
    expect((await texts(site, [alice, bob, alice, {}])).join(" ")).toBe(expected);
  });
});
