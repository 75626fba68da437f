// Tests how text is made harmless before it is printed on a terminal.
import { expect, it } from "vitest";
import { lineOf, printable, printableJson } from "../../local/printable.ts";

it.each([
  { name: "plain text", text: "a\tb é 日本 👩‍🚀", shown: "a\tb é 日本 👩‍🚀" },
  { name: "a colour", text: "\u001b[31ma", shown: "\ufffd[31ma" },
  { name: "the cursor", text: "\u001b[2Ja", shown: "\ufffd[2Ja" },
  { name: "the title", text: "\u001b]0;x\u0007", shown: "\ufffd]0;x\ufffd" },
  { name: "OSC 8", text: "\u001b]8;;https://a/\u001b\\b", shown: "\ufffd]8;;https://a/\ufffd\\b" },
  { name: "OSC 52 in C1", text: "\u009d52;c;YQ==\u009c", shown: "\ufffd52;c;YQ==\ufffd" },
  { name: "backspace and DEL", text: "a\bb\u007f", shown: "a\ufffdb\ufffd" },
  { name: "a carriage return", text: "good\rbad", shown: "good\ufffdbad" },
  { name: "line breaks", text: "a\nb\vc\fd\u0085e\u2028f\u2029g", shown: "a�b�c�d�e�f�g" },
  { name: "bidirectional controls", text: "a\u202eb\u2066c\u200fd", shown: "a�b�c�d" },
])("replaces the control characters in $name", ({ text, shown }) => {
  expect(printable(text)).toBe(shown);
});

it("replaces exactly the characters that a terminal obeys", () => {
  const isReplaced = (code: number) => printable(String.fromCodePoint(code)) === "\ufffd";
  const codes = Array.from({ length: 0x10_ffff }, (_, code) => code).filter(isReplaced);
  const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\ufffd]/u;
  const wanted = Array.from({ length: 0x10_ffff }, (_, code) => code).filter(
    (code) => code !== 9 && obeyed.test(String.fromCodePoint(code)),
  );
  expect(codes).toEqual(wanted);
});

it("keeps its own styles, and replaces those within the text", () => {
  const line = lineOf(["a\u001b[1m ", { style: "red", text: "b\u001b[39m\n" }], (style, text) => {
    return `<${style}>${text}</>`;
  });
  expect(line).toBe("a�[1m <red>b�[39m�</>");
});

it("escapes the control characters that JSON.stringify leaves", () => {
  const value = { text: "\u009b2J\u007f\u202e\u2028\u001b[2J\n\t" };
  const json = printableJson(JSON.stringify(value));
  expect(json).toMatch(/^[ -~]*$/);
  expect(JSON.parse(json)).toEqual(value);
});
