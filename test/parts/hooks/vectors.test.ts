// Tests the senders against the vendors' own code: on vectors that their libraries sign or accept, and on
// GitHub's library itself.
import { sign, verify } from "@octokit/webhooks-methods";
import { describe, expect, it } from "vitest";
import * as senders from "../../../src/parts/hooks/hooks.ts";
import type { PresetOptions, WebhookSender } from "../../../src/parts/hooks/hooks.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { bodyOf, deliver, github, hookSecret, openHooked, signedBy } from "./webhook-vendors.ts";
import written from "../../../testing/vectors/webhooks.json" with { type: "json" };

const { secret, body, path, vectors } = written;
const name = path.replace("/_cache/hooks/", "");
const presets = senders as unknown as Readonly<
  Record<string, (options: PresetOptions<unknown>) => WebhookSender>
>;

function openAt(vendor: string, atMs: number) {
  const shop = presets[vendor]?.({ mapping: () => ({ tags: ["seen"] }) });
  if (shop === undefined) throw new Error(`There is no sender ${vendor}.`);
  const clock = new FakeClock();
  clock.atMs = atMs;
  const env = { HOOK_SECRET_SHOP: secret };
  const upstash = new UnsteadyUpstash(clock);
  return {
    site: openSite({ clock, upstash, env, config: { parts: [senders.hooks({ shop })] } }),
    upstash,
  };
}

describe.each(vectors)("a webhook of $library", ({ vendor, headers }) => {
  const sent = Object.fromEntries(Object.entries(headers).map(([field, value]) => [field, value]));

  it("is accepted", async () => {
    const { site, upstash } = openAt(vendor, written.atMs);
    expect((await deliver(site, body, sent, name)).status).toBe(200);
    expect(JSON.stringify(upstash.journal.range(["-", "+"]))).toContain("seen");
  });
});

it("a webhook of Contentful is refused at another path, and with another topic", async () => {
  const headers = vectors.find(({ vendor }) => vendor === "contentful")?.headers;
  const { site } = openAt("contentful", written.atMs);
  const sent = headers as Record<string, string>;
  expect((await deliver(site, body, sent, "shop")).status).toBe(401);
  const changed = { ...sent, "x-contentful-topic": "ContentManagement.Entry.delete" };
  expect((await deliver(site, body, changed, name)).status).toBe(401);
  const unsigned = { ...sent, "x-contentful-signed-headers": "x-contentful-topic" };
  expect((await deliver(site, body, unsigned, name)).status).toBe(401);
});

it("a signature of GitHub's own library is accepted", async () => {
  const { site } = openHooked({ vendor: github });
  const text = bodyOf(1);
  const signature = await sign(hookSecret, text);
  const field = signedBy(github, site)["x-hub-signature-256"] ?? "";
  expect(await verify(hookSecret, text, field)).toBe(true);
  expect((await deliver(site, text, { "x-hub-signature-256": signature })).status).toBe(200);
});
