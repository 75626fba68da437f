// Tests the class of media types that a client prefers to HTML (RFC 9110 §12.5.1).
import { describe, expect, it } from "vitest";
import {
  acceptClass,
  acceptOfClass,
  mayBeChosenByAccept,
  isChosenByAccept,
  isOfExtension,
} from "../../src/rules/accept-class.ts";

describe("acceptClass", () => {
  it.each([
    [null, "html"],
    ["", "html"],
    ["*/*", "html"],
    ["text/*", "html"],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", "html"],
    ["text/html, text/markdown", "html"],
    ["text/markdown;q=0, */*", "html"],
    ["text/markdown, text/html, */*", "markdown"],
    ["text/html;q=0.9, TEXT/Markdown", "markdown"],
    ["application/json, text/plain, */*", "json"],
    ["application/vnd.api+json", "+json"],
    ["application/rss+xml, application/xml;q=0.9", "xml"],
    ["text/calendar", "calendar"],
    ["text/csv", "other"],
    ["image/avif,image/webp,*/*;q=0.8", "html"],
    ["text/css,*/*;q=0.1", "html"],
    ["application/javascript", "html"],
    ["markdown", "html"],
    [`${",".repeat(2_000)}text/markdown`, "html"],
  ])("of %j is %s", (accept, of) => {
    expect(acceptClass(accept)).toBe(of);
  });
});

it.each([
  ["text/markdown", "text/markdown, text/html", true],
  ["text/html", "text/markdown, text/html", false],
  ["text/markdown", "text/html, text/markdown", false],
  ["text/markdown", "*/*", false],
  ["application/rss+xml", "application/xml, */*", true],
  ["application/json", "text/markdown, application/json;q=0.1", true],
  ["text/csv", "text/markdown, */*", false],
  ["text/plain", "text/markdown, */*", true],
  ["image/png", "image/png", false],
  ["application/json", "application/vnd.github+json", true],
  ["application/ld+json", "application/json", true],
])("isChosenByAccept: %s for %s is %s", (type, accept, isChosen) => {
  expect(isChosenByAccept(type, accept)).toBe(isChosen);
});

const padding = Array.from({ length: 120 }, (_, nth) => `x/y${nth};q=0.1`).join(",");

it.each([
  ["application/json", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
  ["text/plain", "text/html,image/avif,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", false],
  ["application/xml", "text/html,application/xml;q=0.9,*/*;q=0.8", false],
  ["application/json", "text/html,application/signed-exchange;v=b3,*/*;q=0.8", false],
  ["application/json", "text/html, image/gif, *; q=.2, */*; q=.2", false],
  ["application/xml", "text/html,application/xml", true],
  ["text/markdown", "text/html,text/markdown;q=0.1", true],
  ["text/markdown", "text/html,text/x-markdown;q=0.1", true],
  ["application/json", null, false],
  ["application/json", "*/*", false],
  ["application/json", "text/*", true],
  ["application/json", "application/*, text/html;q=0.9", true],
  ["application/json", "text/html;q=0.5, */*", true],
  ["application/json", "*/*, text/html;q=0", true],
  ["application/json", "application/json;q=1.5, text/html", true],
  ["application/json", `text/html,${padding},application/json`, true],
  ["application/json", "application/json, */*", true],
])("mayBeChosenByAccept: %s for %s is %s", (type, accept, may) => {
  expect(mayBeChosenByAccept(type, accept)).toBe(may);
});

it.each([
  ["application/json", "/a.json", true],
  ["application/json", "/a.php", false],
  ["application/json", "/v1.2/a", false],
  ["text/markdown", "/a.md", true],
  ["text/markdown", "/a.html", false],
  ["text/csv", "/a.csv", true],
  ["text/plain", "/users/john.doe", false],
  ["text/plain", "/docs/v1.2", false],
  ["text/plain", "/a", false],
])("isOfExtension: %s at %s is %s", (type, path, isImplied) => {
  expect(isOfExtension(type, path)).toBe(isImplied);
});

it.each(["html", "json", "+json", "xml", "markdown", "calendar", "other"] as const)(
  "a request for the class %s has this class, whatever the type of the response",
  (of) => {
    for (const type of [
      "",
      "text/html",
      "text/csv",
      "application/ld+json",
      "application/atom+xml",
    ]) {
      expect(acceptClass(acceptOfClass(of, type))).toBe(of);
    }
  },
);
