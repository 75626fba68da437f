import { expect, it } from "vitest";
import { withoutControls } from "../../src/terminal/control-characters.ts";

it.each([
  { name: "plain text", text: "a\tb\nc é 日本", kept: "a\tb\nc é 日本" },
  { name: "colours", text: "\u001b[31mred\u001b[39m", kept: "\u001b[31mred\u001b[39m" },
  { name: "the cursor", text: "\u001b[2Ja", kept: "\ufffd[2Ja" },
  { name: "the title", text: "\u001b]0;x\u0007", kept: "\ufffd]0;x\ufffd" },
  { name: "C1", text: "\u009b2J", kept: "\ufffd2J" },
  { name: "a carriage return", text: "good\rbad", kept: "good\ufffdbad" },
  { name: "text turned around", text: "a\u202eb", kept: "a\ufffdb" },
])("$name", ({ text, kept }) => {
  expect(withoutControls(text)).toBe(kept);
});
