// Standard Webhooks: which header fields may claim a purge, and which secrets verify the claim. The
// good claim is the example of the specification's libraries.
import { describe, expect, it } from "vitest";
import { signatureClaim } from "../../src/admin/purge-sender.ts";
import { signatureOf } from "../../testing/site/purge-sender.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const atSeconds = 1_614_265_330;
const atMs = atSeconds * 1_000 + 999;
const body = '{"test": 2432232314}';
const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const good = {
  "webhook-id": id,
  "webhook-timestamp": `${atSeconds}`,
  "webhook-signature": signature,
};
type Fields = Partial<Record<keyof typeof good, string>>;

const claimOf = (changes: Fields) =>
  signatureClaim({ headers: new Headers({ ...good, ...changes }) }, atMs);

async function isSigned(changes: Fields, secrets = secret, content = body) {
  const claim = claimOf(changes);
  return claim.kind === "claimed" && claim.isSigned(secrets, new TextEncoder().encode(content));
}

/** Returns a signature that is well-formed, but wrong. */
const wrong = (nth: number) => `v1,${btoa(`${nth}`.repeat(32))}`;
const list = (...signatures: readonly string[]) => signatures.join(" ");

describe("a claim", () => {
  it("has the id of the webhook", () => {
    expect(claimOf({})).toMatchObject({ kind: "claimed", id });
  });

  it.each<Fields>([
    { "webhook-timestamp": "" },
    { "webhook-timestamp": `x${atSeconds}` },
    { "webhook-timestamp": `${atSeconds}x` },
    { "webhook-timestamp": `${atSeconds}.5` },
    { "webhook-timestamp": "1".repeat(16) },
    { "webhook-signature": signature.replace("v1,", "") },
    { "webhook-signature": list(signature, wrong(1), wrong(2), wrong(3), wrong(4)) },
  ])("is refused as malformed with %o", (changes) => {
    const why = "It lacks webhook-id, webhook-timestamp, or a webhook-signature of version 1.";
    expect(claimOf(changes)).toEqual({ kind: "refused", reason: "malformed", why });
  });

  it.each([
    { bySeconds: -301, why: "Its webhook-timestamp is over 300 s too old." },
    { bySeconds: 301, why: "Its webhook-timestamp is over 300 s too new." },
  ])("is refused if its timestamp is $bySeconds s from the current time", ({ bySeconds, why }) => {
    const claim = claimOf({ "webhook-timestamp": `${atSeconds + bySeconds}` });
    expect(claim).toEqual({ kind: "refused", reason: "timestamp", why });
  });

  it.each([-300, -1, 0, 1, 300])(
    "is accepted if its timestamp is %d s from the current time",
    async (bySeconds) => {
      const at = atSeconds + bySeconds;
      const ofThen = signatureOf(body, { id, atSeconds: at, with: secret });
      const changes = { "webhook-timestamp": `${at}`, "webhook-signature": ofThen };
      expect(await isSigned(changes)).toBe(true);
    },
  );
});

describe("a signature", () => {
  it.each([
    { of: "the example", changes: {}, verifies: true },
    {
      of: "an unknown version beside a wrong one",
      changes: { "webhook-signature": list(signature.replace("v1", "v2"), wrong(1)) },
      verifies: false,
    },
    {
      of: "the last of four",
      changes: { "webhook-signature": list(wrong(1), wrong(2), wrong(3), signature) },
      verifies: true,
    },
    {
      of: "version 1 after five of another version",
      changes: { "webhook-signature": list(...Array<string>(5).fill("v1a,x"), signature) },
      verifies: true,
    },
  ])("is verified: $of", async ({ changes, verifies }) => {
    expect(await isSigned(changes)).toBe(verifies);
  });

  it.each([
    { secrets: secret.replace("whsec_", ""), verifies: true },
    { secrets: "", verifies: false },
  ])("is verified with the secrets: $secrets", async ({ secrets, verifies }) => {
    expect(await isSigned({}, secrets)).toBe(verifies);
  });
});
