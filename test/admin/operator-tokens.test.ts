// Tests tokens that are derived from ADMIN_TOKEN, and proofs that a server knows ADMIN_TOKEN.
import { describe, expect, it } from "vitest";
import {
  challengeOf,
  derivedToken,
  isProof,
  newNonce,
  readToken,
  tokenKey,
  tokenSecondsMax,
  type TokenUse,
} from "../../src/protocol/operator-token.ts";
import { host, openSite, type Site, type SiteOptions } from "../../testing/site/harness.ts";
import { adminToken } from "../../testing/site/purge-sender.ts";
import { refusals, statusOf } from "./operator-site.ts";

const open = (options: SiteOptions = {}) =>
  openSite({
    origin: () => new Response("page"),
    ...options,
    env: { ADMIN_TOKEN: adminToken, ...options.env },
  });

const secondsOf = ({ clock }: Site) => Math.floor(clock.nowAtMs() / 1_000);

async function derivedOn(site: Site, use: Partial<TokenUse> = {}, token = adminToken) {
  const expiresAtSeconds = secondsOf(site) + 60;
  return derivedToken(await tokenKey(token), { scope: "operator", host, expiresAtSeconds, ...use });
}

describe("a derived token", () => {
  it("opens the operator's routes until it expires", async () => {
    const site = open();
    const token = `Bearer ${await derivedOn(site)}`;
    expect(await statusOf(site, token)).toBe(200);
    site.clock.advance(61);
    const late = await site.get("/_cache/stats", { headers: { authorization: token } });
    const purge = { method: "POST", body: "{}", headers: { authorization: token } };
    for (const { status, text } of [late, await site.get("/_cache/purge", purge)]) {
      expect([status, text]).toEqual([401, expect.stringContaining("expired derived token")]);
    }
    expect(refusals(site)).toEqual([["operatorRefusals|bearer|expired", 2]]);
  });

  it.each<[id: string, status: number, use: (atSeconds: number) => Partial<TokenUse>]>([
    [
      "with the longest lifetime",
      200,
      (at) => ({ expiresAtSeconds: at + tokenSecondsMax.operator }),
    ],
    [
      "with a longer lifetime",
      401,
      (at) => ({ expiresAtSeconds: at + tokenSecondsMax.operator + 1 }),
    ],
    [
      "that reads, with the longest lifetime",
      200,
      (at) => ({ scope: "read", expiresAtSeconds: at + tokenSecondsMax.read }),
    ],
    [
      "that reads, with a longer lifetime",
      401,
      (at) => ({ scope: "read", expiresAtSeconds: at + tokenSecondsMax.read + 1 }),
    ],
    ["that reads, for another host", 401, () => ({ scope: "read", host: "www.example.org" })],
    ["with a lifetime of 0", 401, (at) => ({ expiresAtSeconds: at })],
    ["for another host", 401, () => ({ host: "www.example.org" })],
    ["for another port", 401, () => ({ host: `${host}:8443` })],
    ["for Tidemark-Debug", 401, () => ({ scope: "debug" })],
  ])("is accepted or refused by its lifetime, host and scope: %s, %s", async (_id, status, use) => {
    const site = open();
    expect(await statusOf(site, `Bearer ${await derivedOn(site, use(secondsOf(site)))}`)).toBe(
      status,
    );
  });

  it("is refused if it is derived from another token", async () => {
    const site = open();
    expect(await statusOf(site, `Bearer ${await derivedOn(site, {}, "another-token-of-1")}`)).toBe(
      401,
    );
  });

  it.each([
    ["of an operator from one that reads", (text: string) => text.replace("read", "operator")],
    ["with a later expiry", (text: string) => text.replace(/\d{9,}/, (at) => String(+at + 60))],
    [
      "with another MAC",
      (text: string) => text.replace(/.$/, (last) => (last === "A" ? "E" : "A")),
    ],
    ["with an additional part", (text: string) => `${text}.a`],
  ])("cannot be forged: one %s", async (_id, forged) => {
    const site = open();
    const { token } = await readToken(adminToken, { host, nowAtMs: site.clock.nowAtMs() });
    expect(await statusOf(site, `Bearer ${token}`)).toBe(200);
    expect(await statusOf(site, `Bearer ${forged(token)}`)).toBe(401);
  });

  it("that reads is valid for 55 minutes, also by a clock that is five minutes ahead", async () => {
    const site = open();
    const nowAtMs = site.clock.nowAtMs() + 300_000;
    const { token, expiresAtMs } = await readToken(adminToken, { host, nowAtMs });
    expect(expiresAtMs).toBe(nowAtMs + 3_300_000);
    expect(await statusOf(site, `Bearer ${token}`)).toBe(200);
    site.clock.advance(3_599);
    expect(await statusOf(site, `Bearer ${token}`)).toBe(200);
    site.clock.advance(1);
    expect(await statusOf(site, `Bearer ${token}`)).toBe(401);
  });

  it("is accepted in Tidemark-Debug only with the scope debug", async () => {
    const site = open();
    const explained = async (token: string) =>
      (await site.get("/a", { headers: { "tidemark-debug": token } })).fields.has(
        "tidemark-explain",
      );
    expect(await explained(await derivedOn(site, { scope: "debug" }))).toBe(true);
    expect(await explained(adminToken)).toBe(true);
    expect(await explained(await derivedOn(site))).toBe(false);
    expect(await explained(await derivedOn(site, { scope: "read" }))).toBe(false);
    expect(refusals(site)).toEqual([["operatorRefusals|debug|wrong", 2]]);
  });

  it("is accepted outside of Cloudflare only for SITE_HOST and the local machine", async () => {
    const env = { SITE_HOST: "www.example.com" };
    const ofHost = async (at: string) => {
      const site = open({ env });
      const authorization = `Bearer ${await derivedOn(site, { host: new URL(at).host })}`;
      return (await site.ask(`${at}/_cache/stats`, { headers: { authorization } })).status;
    };
    expect(await ofHost("https://www.example.com")).toBe(200);
    expect(await ofHost("http://127.0.0.1:8787")).toBe(200);
    expect(await ofHost("https://evil.example")).toBe(401);
  });

  it("is accepted for SITE_HOST even if a proxy has changed the host", async () => {
    const site = open({ env: { SITE_HOST: "www.example.com" } });
    const authorization = `Bearer ${await derivedOn(site)}`;
    const { status } = await site.ask("http://10.0.0.5:3000/_cache/stats", {
      headers: { authorization },
    });
    expect(status).toBe(200);
  });
});

describe("a proof", () => {
  const challenged = async (site: Site, challenge: string) =>
    site.get("/_cache/proof", { headers: { "tidemark-challenge": challenge } });

  it("is valid only for the token, host, nonce and time of its challenge", async () => {
    const site = open();
    const [key, nonce] = [await tokenKey(adminToken), newNonce()];
    const { status, text, fields } = await challenged(site, await challengeOf(key, host, nonce));
    const { proof, atSeconds } = JSON.parse(text) as { proof: string; atSeconds: number };
    expect([status, fields.get("cache-control")]).toEqual([200, "no-store"]);
    expect(atSeconds).toBe(secondsOf(site));
    const proven = { host, nonce, atSeconds };
    expect(await isProof(key, proof, proven)).toBe(true);
    expect(await isProof(key, proof, { ...proven, nonce: newNonce() })).toBe(false);
    expect(await isProof(key, proof, { ...proven, host: "evil.example" })).toBe(false);
    expect(await isProof(key, proof, { ...proven, atSeconds: atSeconds + 1 })).toBe(false);
    expect(await isProof(await tokenKey("another-token-of-1"), proof, proven)).toBe(false);
  });

  it("is not accepted as a token, and neither is the challenge", async () => {
    const site = open();
    const key = await tokenKey(adminToken);
    const challenge = await challengeOf(key, host, newNonce());
    const { text } = await challenged(site, challenge);
    const { proof } = JSON.parse(text) as { proof: string };
    const mac = challenge.split(".").at(-1);
    const expires = secondsOf(site) + 60;
    const forged = [proof, mac].map((end) => `tm1.operator.${expires}.${end}`);
    for (const one of [proof, challenge, ...forged]) {
      expect(await statusOf(site, `Bearer ${one}`)).toBe(401);
    }
  });

  const made = async (token: string, forHost = host, nonce = newNonce()) =>
    challengeOf(await tokenKey(token), forHost, nonce);

  it.each<[id: string, challenge: (own: string) => Promise<string> | string]>([
    ["unsigned", () => `tm1.${newNonce()}.${"A".repeat(43)}`],
    ["of another token", () => made("another-token-of-1")],
    ["for another host", () => made(adminToken, "evil.example")],
    ["twice in one field", (own) => `${own}, ${own}`],
    ["with a short nonce", () => made(adminToken, host, "a")],
    ["with another nonce", (own) => own.replace(/\.[^.]+\./, `.${newNonce()}.`)],
    ["the token itself", () => adminToken],
    ["empty", () => ""],
    ["long", () => "tm1.".repeat(10_000)],
  ])("is refused for an invalid challenge: %s", async (_, challenge) => {
    const site = open();
    const own = await made(adminToken);
    const { status, text } = await challenged(site, await challenge(own));
    expect(status).toBe(401);
    expect(text).not.toContain("proof");
    expect(text).toContain(`for this host, ${host}.`);
    expect(refusals(site)).toEqual([["operatorRefusals|challenge|wrong", 1]]);
  });

  it("is refused with 404 without ADMIN_TOKEN, and with 503 if it is not usable", async () => {
    expect((await openSite({}).get("/_cache/proof")).status).toBe(404);
    expect((await openSite({ env: { ADMIN_TOKEN: "short" } }).get("/_cache/proof")).status).toBe(
      503,
    );
  });
});
