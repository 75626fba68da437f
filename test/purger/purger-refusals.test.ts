// Secrets, addresses and orders that a purger refuses before it sends anything.
import { describe, expect, it } from "vitest";
import { createPurger } from "../../src/purger/purger.ts";
import { accepted, failureOf, scripted, secret, url } from "./fakes.ts";

describe("what cannot work is refused before anything is sent", () => {
  it.each([
    { id: "empty", text: " ", says: /It is empty/ },
    { id: "bare", text: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", says: /not whsec_/ },
    { id: "short", text: "whsec_c2hvcnQ=", says: /at least 12 bytes/ },
    { id: "url-safe", text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", says: /not whsec_/ },
    { id: "odd-length", text: `whsec_${"A".repeat(17)}`, says: /not base64/ },
    { id: "two", text: `${secret} ${secret}`, says: /the newest/ },
  ])("secret: $id", async ({ text, says }) => {
    const make = async () => createPurger({ url, secret: text });
    const error = await failureOf(make());
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/PURGE_SECRET/);
    const quoted = text.split(/\s+/).filter((part) => part !== "" && error.message.includes(part));
    expect(quoted).toEqual([]);
  });

  it("takes a secret with a line's end behind it", () => {
    expect(() => createPurger({ url, secret: `${secret}\n` })).not.toThrow();
  });

  it.each([
    { id: "empty", text: "", says: /not a URL/ },
    { id: "bare", text: "www.example.com/_cache/purge", says: /not a URL/ },
    { id: "scheme", text: "ftp://www.example.com/_cache/purge", says: /begins with "ftp:"/ },
    { id: "site", text: "https://www.example.com/", says: /Its path is "\/"/ },
    { id: "password", text: "https://a:hidden@example.com/_cache/purge", says: /a password/ },
  ])("URL: $id", async ({ text, says }) => {
    const make = async () => createPurger({ url: text, secret });
    const error = await failureOf(make());
    expect(error.message).toMatch(says);
    expect(error.message).not.toContain("hidden");
  });

  it.each([
    { id: "nothing", order: {} },
    { id: "empty-lists", order: { tags: [], urls: [], reason: "none" } },
    { id: "not-everything", order: { everything: false } },
  ])("order: $id", async ({ order: empty }) => {
    const { purger, tries } = scripted([accepted]);
    expect((await failureOf(purger.purge(empty))).code).toBe("names-nothing");
    expect(tries).toHaveLength(0);
  });

  it("order: over 64 KiB, counted in bytes", async () => {
    const { purger, tries } = scripted([accepted]);
    const overheadBytes = JSON.stringify({ tags: [""] }).length;
    const fits = `x${"é".repeat((65_535 - overheadBytes) / 2)}`;
    await purger.purge({ tags: [fits] });
    expect(new TextEncoder().encode(tries[0]?.body)).toHaveLength(65_536);
    expect((await failureOf(purger.purge({ tags: [`${fits}x`] }))).code).toBe("too-large");
  });
});
