// Tests that webhooks of each vendor are accepted only with a valid signature.
import { describe, expect, it } from "vitest";
import { codeOf } from "../../../testing/site/purge-sender.ts";
import {
  bodyOf,
  deliver,
  github,
  hookSecret,
  newerSecret,
  openHooked,
  signedBy,
  stripe,
  type Vendor,
  vendors,
} from "./webhook-vendors.ts";

const body = bodyOf(1);

/** Changes the field with the signature. */
function withSignature(
  { signature }: Vendor,
  headers: Record<string, string>,
  change: (field: string) => string,
) {
  return { ...headers, [signature]: change(headers[signature] ?? "") };
}

/** Changes one character, and keeps the format. */
const forged = (field: string) =>
  field.replace(/(.{20})$/, (end) => `${end[0] === "a" ? "b" : "a"}${end.slice(1)}`);

describe.each(vendors)("a webhook of $vendor", (vendor) => {
  it("is accepted, and purges what its mapping returns", async () => {
    const { site, upstash } = openHooked({ vendor });
    const seen = await deliver(site, body, signedBy(vendor, site));
    expect([seen.status, upstash.journal.length]).toEqual([200, 1]);
    expect(JSON.parse(seen.text)).toMatchObject({ targets: { tags: 1 } });
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("product:1");
    expect(site.counted()).toMatchObject({ "webhooks|shop|purged": 1, purges: 1 });
  });

  it.each<{ id: string; sent?: string; change?: (field: string) => string }>([
    { id: "for another body", sent: bodyOf(2) },
    { id: "if its signature is forged", change: forged },
    { id: "if its signature is truncated", change: (field) => field.slice(0, -3) },
    { id: "if its signature is empty", change: () => "" },
    { id: "if its signature is too long", change: (field) => field + ",v1=ab".repeat(900) },
    { id: "if its signature is malformed", change: () => "t=1,v1=,sha256=?" },
  ])("is refused $id", async ({ sent = body, change = (field) => field }) => {
    const { site, upstash } = openHooked({ vendor });
    const headers = withSignature(vendor, signedBy(vendor, site), change);
    const seen = await deliver(site, sent, headers);
    expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([401, "unauthorized", 0]);
    const counted = Object.keys(site.counted());
    expect(counted).toContainEqual(expect.stringMatching(/^operatorRefusals\|hook\|/));
    expect(counted).toContainEqual(
      expect.stringMatching(/^webhooks\|shop\|(?:signature|timestamp)$/),
    );
  });

  it.each([
    { id: "the secret", secret: hookSecret, status: 200 },
    { id: "the newer secret", secret: newerSecret, status: 200 },
    { id: "neither", secret: "z1Xc8vBn4mAs7dFg3hJk", status: 401 },
  ])("is verified with two configured secrets: $id", async ({ secret, status }) => {
    const env = { HOOK_SECRET_SHOP: ` ${newerSecret}, ${hookSecret}\n` };
    const { site } = openHooked({ vendor, env });
    expect((await deliver(site, body, signedBy(vendor, site, { secret }))).status).toBe(status);
  });

  it("is verified by the bytes of the body", async () => {
    const { site } = openHooked({ vendor });
    const text = '{ "id": 1, "title": "Größe 🌊" }\n';
    const headers = signedBy(vendor, site, { body: text });
    expect((await deliver(site, text.trim(), headers)).status).toBe(401);
    expect((await deliver(site, text, headers)).status).toBe(200);
  });
});

describe.each(vendors.filter(({ toleranceSeconds }) => toleranceSeconds !== undefined))(
  "the timestamp of $vendor",
  (vendor) => {
    const { toleranceSeconds = 0 } = vendor;

    it.each([
      { id: "oldest", bySeconds: -toleranceSeconds, status: 200 },
      { id: "too old", bySeconds: -toleranceSeconds - 1, status: 401 },
      { id: "newest", bySeconds: toleranceSeconds, status: 200 },
      { id: "too new", bySeconds: toleranceSeconds + 1, status: 401 },
    ])("must be within the tolerance: $id", async ({ bySeconds, status }) => {
      const { site } = openHooked({ vendor });
      const atMs = site.clock.atMs + bySeconds * 1_000;
      expect((await deliver(site, body, signedBy(vendor, site, { atMs }))).status).toBe(status);
    });

    it("is signed, so that an old delivery with a new timestamp is refused", async () => {
      const { site } = openHooked({ vendor });
      const old = signedBy(vendor, site);
      site.clock.advance(3_600);
      expect((await deliver(site, body, old)).status).toBe(401);
      const now = signedBy(vendor, site);
      const timestamp = /\d{10,13}/;
      const changed = Object.fromEntries(
        Object.entries(old).map(([name, value]) => [
          name,
          value.replace(timestamp, timestamp.exec(now[name] ?? "")?.[0] ?? ""),
        ]),
      );
      expect((await deliver(site, body, changed)).status).toBe(401);
    });
  },
);

describe("a field with several signatures", () => {
  const wrong = "ab".repeat(32);
  it.each<[id: string, change: (right: string) => string, status: number]>([
    ["the first is right", (right) => `${right},v1=${wrong}`, 200],
    ["the last is right", (right) => right.replace(",v1=", `,v1=${wrong},v1=`), 200],
    ["more signatures than a sender has secrets", (right) => right + `,v1=${wrong}`.repeat(4), 401],
    ["two timestamps", (right) => `t=1,${right}`, 401],
    ["no timestamp", (right) => right.replace(/t=\d+,/, ""), 401],
    ["a repeated field", (right) => `${right}, ${right}`, 401],
  ])("gets the expected status: %s: %i", async (_, change, status) => {
    const { site } = openHooked({ vendor: stripe });
    const right = signedBy(stripe, site)["stripe-signature"] ?? "";
    const headers = { "stripe-signature": change(right) };
    expect((await deliver(site, body, headers)).status).toBe(status);
  });

  it("is refused if the scheme allows only one signature", async () => {
    const { site } = openHooked({ vendor: github });
    const headers = signedBy(github, site);
    const repeated = withSignature(github, headers, (field) => `${field}, ${field}`);
    expect((await deliver(site, body, repeated)).status).toBe(401);
  });
});
