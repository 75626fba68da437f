// Each vendor's webhooks: what it signs is accepted, and nothing else is.
import { sign, verify } from "@octokit/webhooks-methods";
import { describe, expect, it } from "vitest";
import { codeOf } from "../../testing/site/purge-sender.ts";
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
} from "../../testing/site/webhook-vendors.ts";

const body = bodyOf(1);

/** The field that holds the signature, changed. */
function withSignature(
  { options }: Vendor,
  headers: Record<string, string>,
  change: (field: string) => string,
) {
  return { ...headers, [options.header]: change(headers[options.header] ?? "") };
}

/** Another character in the middle, so that the form stays. */
const forged = (field: string) =>
  field.replace(/(.{20})$/, (end) => `${end[0] === "a" ? "b" : "a"}${end.slice(1)}`);

describe.each(vendors)("$vendor", (vendor) => {
  it("is accepted, and purges what its mapping returns", async () => {
    const { site, upstash } = openHooked({ vendor });
    const seen = await deliver(site, body, signedBy(vendor, site));
    expect([seen.status, upstash.journal.length]).toEqual([200, 1]);
    expect(JSON.parse(seen.text)).toMatchObject({ targets: { tags: 1 } });
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("product:1");
    expect(site.counted()).toMatchObject({ "webhooks|shop|purged": 1, purges: 1 });
  });

  it.each<{
    id: string;
    sent?: string;
    headers: (right: Record<string, string>) => Record<string, string>;
  }>([
    { id: "without a signature", headers: () => ({}) },
    { id: "for another body", sent: bodyOf(2), headers: (right) => right },
    { id: "for a body that was cut", sent: body.slice(0, -1), headers: (right) => right },
    { id: "for an empty body", sent: "", headers: (right) => right },
    { id: "forged", headers: (right) => withSignature(vendor, right, forged) },
    { id: "cut", headers: (right) => withSignature(vendor, right, (field) => field.slice(0, -3)) },
    { id: "empty", headers: (right) => withSignature(vendor, right, () => "") },
    {
      id: "too long",
      headers: (right) => withSignature(vendor, right, (field) => field + ",v1=ab".repeat(900)),
    },
    {
      id: "of no form",
      headers: (right) => withSignature(vendor, right, () => "t=1,v1=,sha256=?"),
    },
  ])("is refused $id", async ({ sent = body, headers }) => {
    const { site, upstash } = openHooked({ vendor });
    const seen = await deliver(site, sent, headers(signedBy(vendor, site)));
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
  ])("is judged by one of two secrets: $id", async ({ secret, status }) => {
    const env = { HOOK_SECRET_SHOP: ` ${newerSecret}, ${hookSecret}\n` };
    const { site } = openHooked({ vendor, env });
    expect((await deliver(site, body, signedBy(vendor, site, { secret }))).status).toBe(status);
  });

  it("is judged by the bytes of the body", async () => {
    const { site } = openHooked({ vendor });
    const text = '{ "id": 1, "title": "Größe 🌊" }\n';
    const headers = signedBy(vendor, site, { body: text });
    expect((await deliver(site, text.trim(), headers)).status).toBe(401);
    expect((await deliver(site, text, headers)).status).toBe(200);
  });
});

describe.each(vendors.filter(({ options }) => options.timestamp))(
  "the timestamp of $vendor",
  (vendor) => {
    const { toleranceSeconds = 300 } = vendor.options;

    it.each([
      { id: "as old as may be", bySeconds: -toleranceSeconds, status: 200 },
      { id: "older", bySeconds: -toleranceSeconds - 1, status: 401 },
      { id: "as new as may be", bySeconds: toleranceSeconds, status: 200 },
      { id: "newer", bySeconds: toleranceSeconds + 1, status: 401 },
    ])("is within the tolerance: $id", async ({ bySeconds, status }) => {
      const { site } = openHooked({ vendor });
      const atMs = site.clock.atMs + bySeconds * 1_000;
      expect((await deliver(site, body, signedBy(vendor, site, { atMs }))).status).toBe(status);
    });

    it("is signed: a replay with the time of now is refused", async () => {
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
  it.each([
    {
      id: "the first is right",
      change: (right: string, wrong: string) => `${right},v1=${wrong}`,
      status: 200,
    },
    {
      id: "the last is right",
      change: (right: string, wrong: string) => right.replace(",v1=", `,v1=${wrong},v1=`),
      status: 200,
    },
    {
      id: "more than a sender has secrets",
      change: (right: string, wrong: string) => right + `,v1=${wrong}`.repeat(4),
      status: 401,
    },
    { id: "two timestamps", change: (right: string) => `t=1,${right}`, status: 401 },
    { id: "no timestamp", change: (right: string) => right.replace(/t=\d+,/, ""), status: 401 },
    { id: "a repeated field", change: (right: string) => `${right}, ${right}`, status: 401 },
  ])("where $id", async ({ change, status }) => {
    const { site } = openHooked({ vendor: stripe });
    const right = signedBy(stripe, site)["stripe-signature"] ?? "";
    const headers = { "stripe-signature": change(right, "ab".repeat(32)) };
    expect((await deliver(site, body, headers)).status).toBe(status);
  });

  it("is refused where the scheme has one alone", async () => {
    const { site } = openHooked({ vendor: github });
    const headers = signedBy(github, site);
    const repeated = withSignature(github, headers, (field) => `${field}, ${field}`);
    expect((await deliver(site, body, repeated)).status).toBe(401);
  });
});

it("agrees with GitHub's own library", async () => {
  const { site } = openHooked({ vendor: github });
  const signature = await sign(hookSecret, body);
  const field = signedBy(github, site)["x-hub-signature-256"] ?? "";
  expect(await verify(hookSecret, body, field)).toBe(true);
  expect((await deliver(site, body, { "x-hub-signature-256": signature })).status).toBe(200);
});
