// Tests senders that sign nothing: they send a secret text in a field, or in the body.
import { describe, expect, it } from "vitest";
import { prismic, tokenSender, type WebhookSender } from "../../../src/parts/hooks/hooks.ts";
import {
  datocms,
  deliver,
  directus,
  drupal,
  hookSecret,
  newerSecret,
  openHooked,
  strapi,
} from "./webhook-vendors.ts";

const secrets = `${newerSecret},${hookSecret}`;

function openToken(sender: WebhookSender) {
  const env = { HOOK_SECRET_BLOG: secrets, HOOK_SECRET_SHOP: "u7Yt5rEw3qAs1dFg9hJk" };
  return openHooked({ env, hooks: { blog: sender } });
}

describe("a secret in a field", () => {
  const sender = tokenSender<{ id: number }>({
    header: ["x-token", "authorization"],
    prefix: "Bearer ",
    idHeader: "x-id",
    mapping: ({ id }) => ({ tags: [`article:${id}`] }),
  });

  it.each<[id: string, headers: Record<string, string>, status: number]>([
    ["the secret", { authorization: `Bearer ${hookSecret}` }, 200],
    ["the newer secret", { "x-token": `Bearer ${newerSecret}` }, 200],
    ["no field", {}, 401],
    ["no prefix", { authorization: hookSecret }, 401],
    ["an empty secret", { authorization: "Bearer " }, 401],
    ["both secrets", { authorization: `Bearer ${secrets}` }, 401],
    ["half of the secret", { authorization: `Bearer ${hookSecret.slice(0, 10)}` }, 401],
    ["the secret in other letters", { authorization: `Bearer ${hookSecret.toUpperCase()}` }, 401],
    [
      "a wrong secret in the first field",
      { "x-token": "Bearer x", authorization: `Bearer ${hookSecret}` },
      401,
    ],
    ["a long text", { authorization: `Bearer ${"x".repeat(2_000)}` }, 401],
    ["a long id", { authorization: `Bearer ${hookSecret}`, "x-id": "x".repeat(257) }, 401],
  ])("gets the expected status: %s: %i", async (_, headers, status) => {
    const { site, upstash } = openToken(sender);
    const seen = await deliver(site, JSON.stringify({ id: 1 }), headers, "blog");
    expect([seen.status, upstash.journal.length]).toEqual([status, status === 200 ? 1 : 0]);
  });

  it.each([
    [{ header: "x token" }, "header field"],
    [{ header: [] }, "names no header field"],
    [{ mapping: undefined }, "mapping"],
    [{ repeatAfterSeconds: 26 }, "repeatAfterSeconds"],
    [{ repeatAfterSeconds: 0 }, "repeatAfterSeconds"],
    [{ maxBytes: 0 }, "maxBytes"],
  ])("refuses the options %j", (options, says) => {
    const mapping = () => undefined;
    expect(() => tokenSender({ mapping, ...options } as never)).toThrow(says);
  });
});

it.each([strapi, datocms, directus, drupal])(
  "a webhook of $vendor needs its secret",
  async (vendor) => {
    for (const [headers, status] of [
      [{ authorization: `Bearer ${hookSecret}` }, 200],
      [{ authorization: `Bearer ${newerSecret}` }, 401],
      [{ authorization: hookSecret }, 401],
      [{}, 401],
    ] as const) {
      const { site, upstash } = openHooked({ vendor });
      const seen = await deliver(site, JSON.stringify({ id: 1 }), headers);
      expect([seen.status, upstash.journal.length]).toEqual([status, status === 200 ? 1 : 0]);
    }
  },
);

describe("a webhook of Prismic", () => {
  const update = (more: object = {}) => ({
    type: "api-update",
    domain: "acme",
    secret: hookSecret,
    masterRef: "Z",
    documents: ["a", "b"],
    ...more,
  });

  it.each<[id: string, body: string, status: number, purged: string]>([
    ["changed documents", JSON.stringify(update()), 200, "document:b"],
    ["a changed reference", JSON.stringify(update({ documents: [] })), 200, "everything"],
    ["the newer secret", JSON.stringify(update({ secret: newerSecret })), 200, "document:a"],
    ["a wrong secret", JSON.stringify(update({ secret: "another-secret-of-somebody" })), 401, ""],
    ["no secret", JSON.stringify(update({ secret: null })), 401, ""],
    ["a secret in an object", JSON.stringify(update({ secret: { hookSecret } })), 401, ""],
    ["a truncated body", JSON.stringify(update()).slice(0, -1), 401, ""],
    ["a test trigger", JSON.stringify(update({ type: "test-trigger" })), 200, ""],
    ["a draft", JSON.stringify(update({ documents: [], masterRef: undefined })), 200, ""],
  ])("gets the expected status: %s", async (_, body, status, purged) => {
    const { site, upstash } = openToken(prismic());
    const seen = await deliver(site, body, {}, "blog");
    const journal = JSON.stringify(upstash.journal.range(["-", "+"]));
    expect([seen.status, upstash.journal.length]).toEqual([status, purged === "" ? 0 : 1]);
    expect(journal).toContain(purged);
    expect(seen.text + journal).not.toContain(hookSecret);
  });
});
