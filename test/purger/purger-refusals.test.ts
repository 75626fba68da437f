// Tests secrets, URLs and orders that a purger refuses before it sends anything.
import { describe, expect, it } from "vitest";
import { createPurger } from "../../src/purger/create-purger.ts";
import { accepted, failureOf, scripted, secret, url } from "./fakes.ts";

describe("a purger", () => {
  it.each([
    { id: "empty", text: " ", says: /It is empty/ },
    { id: "without-prefix", text: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", says: /not whsec_/ },
    { id: "short", text: "whsec_c2hvcnQ=", says: /at least 12 bytes/ },
    { id: "url-safe", text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", says: /not whsec_/ },
    { id: "odd-length", text: `whsec_${"A".repeat(17)}`, says: /not base64/ },
    { id: "two-secrets", text: `${secret} ${secret}`, says: /the newest/ },
  ])("refuses an invalid secret without quoting it: $id", async ({ text, says }) => {
    const make = async () => createPurger({ url, secret: text });
    const error = await failureOf(make());
    expect(error.message).toMatch(says);
    expect(error.message).toMatch(/PURGE_SECRET/);
    const quoted = text.split(/\s+/).filter((part) => part !== "" && error.message.includes(part));
    expect(quoted).toEqual([]);
  });

  it("accepts a secret with a trailing line feed", () => {
    expect(() => createPurger({ url, secret: `${secret}\n` })).not.toThrow();
  });

  it.each([
    { id: "empty", text: "", says: /not a URL/ },
    { id: "without-a-scheme", text: "www.example.com/_cache/purge", says: /not a URL/ },
    {
      id: "another-scheme",
      text: "ftp://www.example.com/_cache/purge",
      says: /begins with "ftp:"/,
    },
    { id: "without-the-purge-path", text: "https://www.example.com/", says: /Its path is "\/"/ },
    { id: "password", text: "https://a:hidden@example.com/_cache/purge", says: /a password/ },
  ])("refuses an invalid URL: $id", async ({ text, says }) => {
    const make = async () => createPurger({ url: text, secret });
    const error = await failureOf(make());
    expect(error.message).toMatch(says);
    expect(error.message).not.toContain("hidden");
  });

  it("sends an order that names only a release", async () => {
    const { purger, tries } = scripted([accepted]);
    await purger.purge({ release: "4f2c9a1" });
    expect(tries).toHaveLength(1);
  });

  it.each([
    { id: "nothing", order: {} },
    { id: "empty-lists", order: { tags: [], urls: [], reason: "none" } },
    { id: "not-everything", order: { everything: false } },
  ])("sends no order that names nothing: $id", async ({ order: empty }) => {
    const { purger, tries } = scripted([accepted]);
    expect((await failureOf(purger.purge(empty))).code).toBe("names-nothing");
    expect(tries).toHaveLength(0);
  });

  it("sends no order of more than 65,536 bytes", async () => {
    const { purger, tries } = scripted([accepted]);
    const overheadBytes = JSON.stringify({ tags: [""] }).length;
    const fits = `x${"é".repeat((65_535 - overheadBytes) / 2)}`;
    await purger.purge({ tags: [fits] });
    expect(new TextEncoder().encode(tries[0]?.body)).toHaveLength(65_536);
    expect((await failureOf(purger.purge({ tags: [`${fits}x`] }))).code).toBe("too-large");
  });
});
