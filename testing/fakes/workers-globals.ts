// Adds features of the Workers runtime that Node lacks, for tests that run src/ in Node. Importing
// this file is enough. It adds base64 and hex of bytes (ECMAScript 2026 §23.2). It does not add
// BYOB readers, methods that write into an existing array, and `caches`, which each test provides.

type Alphabet = "base64" | "base64url";

const urlSafe = new Map([
  ["+", "-"],
  ["/", "_"],
]);
const standard = new Map([...urlSafe].map(([from, to]) => [to, from]));

function toBase64(
  this: Uint8Array,
  options: { alphabet?: Alphabet; omitPadding?: boolean } = {},
): string {
  const text = textOf(this, "base64");
  const lettered =
    options.alphabet === "base64url"
      ? text.replaceAll(/[+/]/g, (letter) => urlSafe.get(letter) ?? letter)
      : text;
  return options.omitPadding === true ? lettered.replace(/=+$/, "") : lettered;
}

/** Decodes base64 like the default mode `loose`, which accepts white space and missing padding. */
function fromBase64(text: string, options: { alphabet?: Alphabet } = {}): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string") throw new TypeError("Base64 must be a string.");
  const isUrlSafe = options.alphabet === "base64url";
  const foreign = isUrlSafe ? /[+/]/ : /[-_]/;
  if (foreign.test(text)) throw new SyntaxError("A character of the other base64 alphabet.");
  const lettered = isUrlSafe
    ? text.replaceAll(/[-_]/g, (letter) => standard.get(letter) ?? letter)
    : text;
  let binary: string;
  try {
    binary = atob(lettered);
  } catch {
    throw new SyntaxError("Not base64.");
  }
  return new Uint8Array(Buffer.from(binary, "latin1"));
}

function toHex(this: Uint8Array): string {
  return textOf(this, "hex");
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string") throw new TypeError("Hex must be a string.");
  if (text.length % 2 !== 0 || /[^0-9a-f]/i.test(text)) throw new SyntaxError("Not hex.");
  return new Uint8Array(Buffer.from(text, "hex"));
}

function textOf(bytes: Uint8Array, encoding: "base64" | "hex"): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);
}

function defineMissing(target: object, name: string, value: unknown): void {
  if (name in target) return;
  Object.defineProperty(target, name, { value, writable: true, configurable: true });
}

defineMissing(Uint8Array, "fromBase64", fromBase64);
defineMissing(Uint8Array, "fromHex", fromHex);
defineMissing(Uint8Array.prototype, "toBase64", toBase64);
defineMissing(Uint8Array.prototype, "toHex", toHex);
