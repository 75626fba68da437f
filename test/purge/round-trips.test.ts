// What is written and read back is the same: whole entries of the journal, and signed webhooks.
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSigner } from "../../src/purger/signature.ts";
import { decodeEntry, encodeEntry } from "../../src/purge/journal/entry.ts";
import { webhookClaim } from "../../src/purge/acceptance/webhook.ts";

const runs = { seed: 9_875, numRuns: 200 };
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));

describe("an entry", () => {
  const entries = fc.record({
    n: anyText,
    mode: fc.constantFrom("hard" as const, "soft" as const),
    targets: fc.record({ tags: fc.uniqueArray(anyText), prefixes: fc.uniqueArray(anyText) }),
    id: anyText,
    bodyDigest: anyText,
    reason: anyText,
    by: anyText,
    lost: anyText,
  });

  it("comes back as it was written, in any order of its fields", () => {
    fc.assert(
      fc.property(entries, anyText, fc.boolean(), (entry, position, isReversed) => {
        const pairs = Object.entries(encodeEntry(entry));
        const fields = (isReversed ? pairs.toReversed() : pairs).flat();
        expect(decodeEntry(position, fields)).toEqual({ ...entry, position });
      }),
      runs,
    );
  });
});

describe("a webhook", () => {
  const atMs = Date.UTC(2030, 0, 1, 12);
  beforeEach(() => void vi.useFakeTimers({ now: atMs, toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());

  const secretOf = (bytes: Uint8Array) => `whsec_${Buffer.from(bytes).toString("base64")}`;
  const secrets = fc.uint8Array({ minLength: 12, maxLength: 64 }).map(secretOf);
  /** The id is a field's value (RFC 9110 §5.5). */
  const ids = fc.stringMatching(/^[!-~]{1,40}$/);
  /** Half a surrogate pair cannot be sent: it has no UTF-8. */
  const bodies = fc.string({ unit: "grapheme" });

  const isSigned = async (headers: Record<string, string>, secretsOfSite: string, body: string) => {
    const claim = webhookClaim({ headers: new Headers(headers) });
    if (claim.kind === "refused") return claim;
    return claim.isSigned(secretsOfSite, new TextEncoder().encode(body));
  };

  it("that an origin has signed is accepted, under any of our secrets", async () => {
    await fc.assert(
      fc.asyncProperty(secrets, secrets, ids, bodies, async (secret, newer, id, body) => {
        const signed = await createSigner(secret)({ id, body }, atMs);
        expect(await isSigned(signed, `${newer} ${secret}`, body)).toBe(true);
      }),
      runs,
    );
  });

  it("is refused once its body, id or secret is another", async () => {
    await fc.assert(
      fc.asyncProperty(secrets, secrets, ids, bodies, async (secret, other, id, body) => {
        fc.pre(secret !== other);
        const signed = await createSigner(secret)({ id, body }, atMs);
        const changed = { ...signed, "webhook-id": `${id}x` };
        expect(await isSigned(signed, secret, `${body} `)).toBe(false);
        expect(await isSigned(signed, other, body)).toBe(false);
        expect(await isSigned(changed, secret, body)).toBe(false);
      }),
      runs,
    );
  });
});
