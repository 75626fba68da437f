// Tests secrets that others know or could guess: which are refused, and which are used and
// reported.
import { describe, expect, it } from "vitest";
import { isFault } from "../../../src/base/operator-error.ts";
import {
  adminTokenOf,
  purgeSecretsOf,
  weakSettingsIn,
} from "../../../src/protocol/variables/secrets.ts";
import { drawsFrom } from "../../../testing/draws.ts";

const strong = "kq7RwZ2mVx9TtB4nLc8Y";
const random = "whsec_dKq+5hQn0T5gAvrSxX8mJmPpCz1lYyOU";

describe("ADMIN_TOKEN", () => {
  const guessable =
    "changemechangeme change-me-change-me ChangeMe_ChangeMe! your-admin-token-here YOUR_ADMIN_TOKEN " +
    "replace-with-a-secret test-admin-token tidemark-admin-token passwordpassword password12345678 " +
    "adminadminadmin1 secretsecretsecret qwertyuiopasdfgh aaaaaaaaaaaaaaaa abcabcabcabcabcab " +
    "0123456789abcdef abcdefghijklmnop 1111222233334444 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx " +
    "whsec_changemechangeme";

  it.each([...guessable.split(" "), random])(
    "is refused because it could be guessed: %s",
    (token) => {
      const judged = adminTokenOf({ ADMIN_TOKEN: token });
      expect(isFault(judged)).toBe(true);
      expect(JSON.stringify(judged)).not.toContain(token);
    },
  );

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
    [
      "the text that a purge secret encodes",
      { PURGE_SECRET: `whsec_${btoa(strong)}` },
      "PURGE_SECRET",
    ],
  ])("is refused because it is %s", (_id, env, says) => {
    const judged = adminTokenOf({ ADMIN_TOKEN: strong, ...env });
    expect(isFault(judged) && judged.why).toContain(`the same secret as ${says}`);
  });
});

it.each(["hex", "base64url", "base64", "digits"] as const)(
  "nearly all random tokens of 16 characters are accepted: %s",
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
    expect(tokens.filter((one) => weakSettingsIn({ ADMIN_TOKEN: one }).length > 0)).toEqual([]);
  },
);

describe("PURGE_SECRET", () => {
  it.each([
    { id: "the example of Standard Webhooks", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
    { id: "one byte again and again", secret: `whsec_${"A".repeat(32)}` },
    { id: "a placeholder", secret: "whsec_changemechangeme" },
    { id: "a placeholder in base64", secret: `whsec_${btoa("changemechangeme")}` },
    { id: "copied without its end, so that it is no base64", secret: random.slice(0, -3) },
  ])("is refused if it is $id, but another secret of the variable is used", ({ secret }) => {
    const faults: never[] = [];
    expect(isFault(purgeSecretsOf({ PURGE_SECRET: secret }, faults))).toBe(true);
    expect([...faults, ...weakSettingsIn({ PURGE_SECRET: secret })]).toHaveLength(1);
    expect(JSON.stringify(faults)).not.toContain(secret);
    expect(purgeSecretsOf({ PURGE_SECRET: `${secret} ${random}` }, [])).toBe(random);
  });
});

describe("the report of weak settings", () => {
  const url = (address: string) => ({ UPSTASH_REDIS_REST_URL: address });
  const strongOnes = { ADMIN_TOKEN: strong, PURGE_SECRET: random, ...url("https://a.upstash.io") };
  const twoUses = { PURGE_SECRET: `whsec_${strong}`, UPSTASH_REDIS_REST_TOKEN: strong };
  const typed = { PURGE_SECRET: `whsec_${btoa("a secret of my own hand")}` };
  const privateHosts =
    "127.0.0.1:8079 localhost:8079 [::1] srh:80 10.0.0.5 192.168.1.2 172.20.0.2 redis.internal [fd00::1]";

  it.each<[id: string, env: Record<string, string>, says?: string]>([
    ["nothing is set", {}],
    ["all settings are strong", strongOnes],
    ["three words", { ADMIN_TOKEN: "battery-staple-horse7" }, "ADMIN_TOKEN could be guessed."],
    ["words in capitals", { ADMIN_TOKEN: "Battery.STAPLE_Horse" }, "ADMIN_TOKEN could be guessed."],
    ["a typed secret", typed, "PURGE_SECRET could be guessed."],
    ["the database's token as secret", twoUses, "Senders of purges have"],
    ["http to a host", url("http://db.example.com"), "in clear text"],
    ["http to an address", url("http://203.0.113.7:8079"), "in clear text"],
    ["http to an address of IPv6", url("http://[2001:db8::1]"), "in clear text"],
    ["http to a name like an address", url("http://10.0.0.5.example.com"), "in clear text"],
    ["http in capitals", url("HTTP://DB.EXAMPLE.COM"), "in clear text"],
    ["http for the journal", { JOURNAL_REDIS_REST_URL: "http://db.example.com" }, "JOURNAL"],
    ...privateHosts
      .split(" ")
      .map((at): [string, Record<string, string>] => [`http to ${at}`, url(`http://${at}`)]),
  ])("has a finding, or none: %s", (_id, env, says) => {
    const weak = weakSettingsIn(env);
    expect(weak).toHaveLength(says === undefined ? 0 : 1);
    expect(JSON.stringify(weak)).toContain(says ?? "[]");
    for (const value of Object.values(env)) expect(JSON.stringify(weak)).not.toContain(value);
  });
});
