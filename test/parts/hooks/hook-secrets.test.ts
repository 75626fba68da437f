// Tests HOOK_SECRET_<NAME>: which secrets are used, refused or reported.
import { describe, expect, it } from "vitest";
import { isFault } from "../../../src/base/operator-error.ts";
import { adminTokenOf } from "../../../src/protocol/variables/secrets.ts";
import { hookSecretsOf } from "../../../src/parts/hooks/makers/hook-secrets.ts";
import { hookOf, hookVariable } from "../../../src/protocol/variables/secret-variables.ts";
import { codeOf } from "../../../testing/site/purge-sender.ts";
import { deliver, openHooked, shopify, signedBy } from "./webhook-vendors.ts";

const strong = "kq7RwZ2mVx9TtB4nLc8Y";
const other = "b8Nf3hWs6yKj1pQe5uZa";

it.each([
  ["shop", "HOOK_SECRET_SHOP"],
  ["my-shop-2", "HOOK_SECRET_MY_SHOP_2"],
])("the secret of %s is %s", (name, variable) => {
  expect([hookVariable(name), hookOf(variable)]).toEqual([variable, name]);
});

describe("a secret", () => {
  it.each([
    { id: "one", text: strong, secrets: [strong] },
    { id: "two, for rotation", text: `${strong},${other}`, secrets: [strong, other] },
    { id: "with white space around", text: ` ${strong} ,\n${other},\n`, secrets: [strong, other] },
    { id: "with a space within", text: `${strong} ${other}`, secrets: [`${strong} ${other}`] },
    { id: "of Stripe", text: `whsec_${strong}`, secrets: [`whsec_${strong}`] },
  ])("is used: $id", ({ text, secrets }) => {
    expect(hookSecretsOf("shop", { HOOK_SECRET_SHOP: text })).toEqual({ secrets, faults: [] });
  });

  it.each([
    { id: "not set", env: {}, says: "HOOK_SECRET_SHOP is not set." },
    { id: "only commas", env: { HOOK_SECRET_SHOP: " , " }, says: "is not set" },
    { id: "no text", env: { HOOK_SECRET_SHOP: 7 }, says: "is not set" },
    { id: "short", env: { HOOK_SECRET_SHOP: strong.slice(0, 15) }, says: "fewer than 16" },
    { id: "a placeholder", env: { HOOK_SECRET_SHOP: "change-me-change-me" }, says: "placeholder" },
    { id: "a sequence", env: { HOOK_SECRET_SHOP: "0123456789abcdef" }, says: "guessed" },
  ])("closes the hook if it is $id", ({ env, says }) => {
    const { secrets, faults } = hookSecretsOf("shop", env);
    expect(isFault(secrets) && secrets.what).toContain('hook "shop"');
    expect(isFault(secrets) && secrets.why).toContain(says);
    expect(isFault(secrets) && secrets.hint).toContain("HOOK_SECRET_SHOP");
    expect(faults).toEqual([]);
  });

  it("is used although another secret of the variable is refused", () => {
    const { secrets, faults } = hookSecretsOf("shop", { HOOK_SECRET_SHOP: `short,${strong}` });
    expect(secrets).toEqual([strong]);
    expect(faults).toMatchObject([{ why: expect.stringContaining("fewer than 16") as string }]);
  });

  it("of a few words is used and reported", () => {
    const { secrets, faults } = hookSecretsOf("shop", { HOOK_SECRET_SHOP: "purple-elephant-42" });
    expect(secrets).toHaveLength(1);
    expect(faults).toMatchObject([{ what: "HOOK_SECRET_SHOP could be guessed." }]);
  });

  it.each([
    { variable: "PURGE_SECRET", text: `whsec_${other} whsec_${strong}` },
    { variable: "UPSTASH_REDIS_REST_TOKEN", text: strong },
    { variable: "JOURNAL_REDIS_REST_TOKEN", text: strong },
    { variable: "ADMIN_TOKEN", text: strong },
    { variable: "HOOK_SECRET_BLOG", text: `${other}, ${strong}` },
  ])("that $variable also holds is reported, but not quoted", ({ variable, text }) => {
    const env = { HOOK_SECRET_SHOP: `${strong},z1Xc8vBn4mAs7dFg3hJk`, [variable]: text };
    const { faults } = hookSecretsOf("shop", env);
    expect(faults.map(({ why }) => why)).toEqual([
      `HOOK_SECRET_SHOP and ${variable} hold the same secret.`,
    ]);
    expect(JSON.stringify(faults)).not.toContain(strong);
  });

  it("makes ADMIN_TOKEN unusable if both are the same", () => {
    const env = { ADMIN_TOKEN: strong, HOOK_SECRET_SHOP: `${other},${strong}` };
    expect(adminTokenOf(env)).toMatchObject({
      why: expect.stringContaining("HOOK_SECRET_SHOP") as string,
    });
    expect(adminTokenOf({ ...env, HOOK_SECRET_SHOP: other })).toBe(strong);
  });
});

describe("a hook without a secret", () => {
  it("answers 503 with the variable's name, and is reported by health and in the log", async () => {
    const admin = "admin-token-of-the-site";
    const { site } = openHooked({ env: { HOOK_SECRET_SHOP: undefined, ADMIN_TOKEN: admin } });
    const seen = await deliver(site, "{}", signedBy(shopify, site));
    expect([seen.status, codeOf(seen)]).toEqual([503, "not-usable"]);
    expect(seen.text).toContain("HOOK_SECRET_SHOP is not set.");
    const headers = { authorization: `Bearer ${admin}` };
    const health = await site.get("/_cache/health", { headers });
    expect(health.text).toContain("HOOK_SECRET_SHOP is not set.");
    expect(site.log.join()).toContain("HOOK_SECRET_SHOP is not set.");
  });

  it("leaves other hooks open", async () => {
    const { site } = openHooked({ hooks: { blog: shopify.sender({}) } });
    const headers = signedBy(shopify, site, { body: "{}" });
    expect((await deliver(site, "{}", headers)).status).toBe(200);
    expect((await deliver(site, "{}", headers, "blog")).status).toBe(503);
  });
});
