import { expect, it } from "vitest";
import {
  escapedJson,
  withColoursAlone,
  withoutControls,
} from "../../src/terminal/control-characters.ts";

const red = "\u001b[31mred\u001b[39m";

it.each([
  { name: "plain text", text: "a\tb\nc é 日本", kept: "a\tb\nc é 日本" },
  { name: "text that is hidden", text: "\u001b[8ma", kept: "\ufffd[8ma" },
  { name: "black text", text: "\u001b[30ma", kept: "\ufffd[30ma" },
  { name: "the cursor", text: "\u001b[2Ja", kept: "\ufffd[2Ja" },
  { name: "the title", text: "\u001b]0;x\u0007", kept: "\ufffd]0;x\ufffd" },
  { name: "C1", text: "\u009b2J", kept: "\ufffd2J" },
  { name: "a carriage return", text: "good\rbad", kept: "good\ufffdbad" },
  { name: "text turned around", text: "a\u202eb", kept: "a\ufffdb" },
])("$name", ({ text, kept }) => {
  expect(withoutControls(text)).toBe(kept);
  expect(withColoursAlone(text)).toBe(kept);
});

it("keeps colours where they are wanted", () => {
  expect(withColoursAlone(red)).toBe(red);
  expect(withoutControls(red)).toBe("\ufffd[31mred\ufffd[39m");
});

it("escapes in JSON what JSON would leave as it is", () => {
  const value = { text: "\u009b2J\u007f\u202e\u001b[2J\n" };
  const json = escapedJson(JSON.stringify(value));
  expect(json).toMatch(/^[ -~]*$/);
  expect(JSON.parse(json)).toEqual(value);
});
