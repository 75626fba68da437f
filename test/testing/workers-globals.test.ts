// Tests the polyfills that replace globals of the Workers runtime in Node.
import "../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";

it("the polyfills write and read base64 and hex", () => {
  const bytes = Uint8Array.of(0, 255, 62, 63, 1);
  expect([bytes.toBase64(), bytes.toHex()]).toEqual(["AP8+PwE=", "00ff3e3f01"]);
  expect(bytes.subarray(1, 2).toHex()).toBe("ff");
  expect(bytes.toBase64({ alphabet: "base64url", omitPadding: true })).toBe("AP8-PwE");
  expect(Uint8Array.fromBase64("AP8-PwE", { alphabet: "base64url" })).toEqual(bytes);
  expect(Uint8Array.fromBase64(" AP8+PwE=\n")).toEqual(bytes);
  expect(Uint8Array.fromHex("00FF3e3f01")).toEqual(bytes);
});

it.each(["a", "YQ=", "@@@@", "AP8-PwE="])("the polyfills refuse invalid base64: %s", (text) => {
  expect(() => Uint8Array.fromBase64(text)).toThrow(SyntaxError);
});
