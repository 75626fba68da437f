// A bench writes the part of a document that is its own, and nothing else of it.
import { describe, expect, it } from "vitest";
import { withPart } from "../../bench/written-part.ts";

const document = "Before.\n\n<!-- begin: a -->\n\nold\n\n<!-- end: a -->\n\nAfter.\n";

describe("the part between the markers", () => {
  it("is replaced, and all else stays", () => {
    expect(withPart(document, "a", "new\n")).toBe(document.replace("old", "new"));
  });

  it("takes the same text twice without growing", () => {
    const once = withPart(document, "a", "new");
    expect(withPart(once, "a", "new")).toBe(once);
  });

  it("may be empty before", () => {
    const empty = "<!-- begin: a --><!-- end: a -->";
    expect(withPart(empty, "a", "new")).toBe("<!-- begin: a -->\n\nnew\n\n<!-- end: a -->");
  });

  it("is told from another's", () => {
    const two = `${document}${document.replaceAll(": a ", ": b ")}`;
    const written = withPart(two, "b", "new");
    expect(written.startsWith(document)).toBe(true);
    expect(written.endsWith(document.replaceAll(": a ", ": b ").replace("old", "new"))).toBe(true);
  });

  it.each([
    { id: "no-markers", text: "Before.\n" },
    { id: "no-begin", text: document.replace("<!-- begin: a -->", "") },
    { id: "no-end", text: document.replace("<!-- end: a -->", "") },
    { id: "end-first", text: "<!-- end: a -->\n<!-- begin: a -->\n" },
    { id: "begin-twice", text: document.replace("old", "<!-- begin: a -->") },
    { id: "end-twice", text: document.replace("After", "<!-- end: a -->") },
    { id: "two-parts", text: `${document}${document}` },
    { id: "another-name", text: document.replaceAll(": a ", ": ab ") },
  ])("is not guessed: $id", ({ text }) => {
    expect(() => withPart(text, "a", "new")).toThrow("no one place");
  });
});
