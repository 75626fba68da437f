// Secrets that others know or could guess: which of them are refused, and which are used and reported.
import { describe, expect, it } from "vitest";
import { isFault } from "../../../src/base/operator-error.ts";
import {
  adminTokenOf,
  purgeSecretsOf,
  weakSettingsIn,
} from "../../../src/protocol/variables/secrets.ts";
import { drawsFrom } from "../../../testing/simulation/journal-simulator.ts";

const strong = "kq7RwZ2mVx9TtB4nLc8Y";
const random = "whsec_dKq+5hQn0T5gAvrSxX8mJmPpCz1lYyOU";

describe("ADMIN_TOKEN is refused", () => {
  it.each([
    "changemechangeme",
    "change-me-change-me",
    "ChangeMe_ChangeMe!",
    "your-admin-token-here",
    "YOUR_ADMIN_TOKEN",
    "replace-with-a-secret",
    "test-admin-token",
    "tidemark-admin-token",
    "passwordpassword",
    "password12345678",
    "adminadminadmin1",
    "secretsecretsecret",
    "qwertyuiopasdfgh",
    "aaaaaaaaaaaaaaaa",
    "abcabcabcabcabcab",
    "0123456789abcdef",
    "abcdefghijklmnop",
    "1111222233334444",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    random,
    "whsec_changemechangeme",
  ])("%s", (token) => {
    const judged = adminTokenOf({ ADMIN_TOKEN: token });
    expect(isFault(judged)).toBe(true);
    expect(JSON.stringify(judged)).not.toContain(token);
  });

  it.each([
    ["the database's token", { UPSTASH_REDIS_REST_TOKEN: strong }, "UPSTASH_REDIS_REST_TOKEN"],
    [
      "the journal's token",
      { JOURNAL_REDIS_REST_TOKEN: ` ${strong}\n` },
      "JOURNAL_REDIS_REST_TOKEN",
    ],
    [
      "a purge secret without whsec_",
      { PURGE_SECRET: `${random} whsec_${strong}` },
      "PURGE_SECRET",
    ],
    ["what a purge secret encodes", { PURGE_SECRET: `whsec_${btoa(strong)}` }, "PURGE_SECRET"],
  ])("where it is %s", (_id, env, says) => {
    const judged = adminTokenOf({ ADMIN_TOKEN: strong, ...env });
    expect(isFault(judged) && judged.why).toContain(`the same secret as ${says}`);
  });
});

it.each(["hex", "base64url", "base64", "digits"] as const)(
  "random tokens of 16 characters are not refused: %s",
  (alphabet) => {
    const letters = {
      hex: "0123456789abcdef",
      base64url: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
      base64: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
      digits: "0123456789",
    }[alphabet];
    const draw = drawsFrom(7);
    const token = () =>
      Array.from({ length: 16 }, () => letters[Math.floor(draw() * letters.length)]).join("");
    const tokens = Array.from({ length: 3_000 }, token);
    const refused = tokens.filter((one) => isFault(adminTokenOf({ ADMIN_TOKEN: one })));
    expect(refused.length).toBeLessThanOrEqual(alphabet === "digits" ? 6 : 1);
  },
);

describe("PURGE_SECRET", () => {
  it.each([
    { id: "the example of Standard Webhooks", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
    { id: "one byte again and again", secret: `whsec_${"A".repeat(32)}` },
    { id: "a placeholder", secret: "whsec_changemechangeme" },
    { id: "a placeholder in base64", secret: `whsec_${btoa("changemechangeme")}` },
  ])("is refused where it is $id, and no other with it", ({ secret }) => {
    const faults: never[] = [];
    expect(isFault(purgeSecretsOf({ PURGE_SECRET: secret }, faults))).toBe(true);
    expect(faults).toHaveLength(1);
    expect(JSON.stringify(faults)).not.toContain(secret);
    expect(purgeSecretsOf({ PURGE_SECRET: `${secret} ${random}` }, [])).toBe(random);
  });
});

describe("is used, and reported", () => {
  const url = (address: string) => ({ UPSTASH_REDIS_REST_URL: address });

  it.each<{ id: string; env: Record<string, string>; says: string | undefined }>([
    { id: "nothing is set", env: {}, says: undefined },
    {
      id: "all is well",
      env: { ADMIN_TOKEN: strong, PURGE_SECRET: random, ...url("https://a.upstash.io") },
      says: undefined,
    },
    {
      id: "a token of three words",
      env: { ADMIN_TOKEN: "battery-staple-horse7" },
      says: "ADMIN_TOKEN could be guessed.",
    },
    {
      id: "a secret that was typed",
      env: { PURGE_SECRET: `whsec_${btoa("a secret of my own hand")}` },
      says: "PURGE_SECRET could be guessed.",
    },
    {
      id: "a secret that is the database's token",
      env: { PURGE_SECRET: `whsec_${strong}`, UPSTASH_REDIS_REST_TOKEN: strong },
      says: "Senders of purges have",
    },
    { id: "http to a host", env: url("http://db.example.com"), says: "in clear text" },
    { id: "http to an address", env: url("http://203.0.113.7:8079"), says: "in clear text" },
    { id: "http to an address of IPv6", env: url("http://[2001:db8::1]"), says: "in clear text" },
    {
      id: "http to a name that looks private",
      env: url("http://10.0.0.5.example.com"),
      says: "in clear text",
    },
    { id: "http in capitals", env: url("HTTP://DB.EXAMPLE.COM"), says: "in clear text" },
    {
      id: "http for the journal",
      env: { JOURNAL_REDIS_REST_URL: "http://db.example.com" },
      says: "JOURNAL",
    },
    ...[
      "127.0.0.1:8079",
      "localhost:8079",
      "[::1]",
      "srh:80",
      "10.0.0.5",
      "192.168.1.2",
      "172.20.0.2",
      "redis.internal",
      "[fd00::1]",
    ].map((at) => ({ id: `http to ${at}`, env: url(`http://${at}`), says: undefined })),
  ])("$id", ({ env, says }) => {
    const weak = weakSettingsIn(env);
    expect(weak).toHaveLength(says === undefined ? 0 : 1);
    expect(JSON.stringify(weak)).toContain(says ?? "[]");
    for (const value of Object.values(env)) expect(JSON.stringify(weak)).not.toContain(value);
  });
});
