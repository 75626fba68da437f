// Tests the replacement of nonces in the bytes of a body: forms, borders of chunks, and its cost.
import { expect, it } from "vitest";
import { NonceReplacer } from "../../../src/parts/nonce/nonce-stream.ts";

const replacing = (nonces: readonly string[], value: string) =>
  new NonceReplacer(new Map(nonces.map((one) => [one, value]))).stream();

const bytesOf = (text: string) => new TextEncoder().encode(text);

const sourceOf = (chunks: readonly Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

/** Returns the text of chunks after their replacement. */
async function replaced(chunks: readonly Uint8Array[], nonces: readonly string[]) {
  const source = sourceOf(chunks);
  return new Response(source.pipeThrough(replacing(nonces, "NEW"))).text();
}

const raw = "q+4/abcdefghijklmnopq==";

it.each([
  `<script nonce="${raw}">`,
  `<script nonce='${raw}'>`,
  `<script nonce=${raw}>`,
  `{"nonce":"${raw}"}`,
  `<script nonce="${raw.replace("+", "&#43;")}">`,
  `<script nonce="${raw.replace("+", "&#x2B;")}">`,
  `<script nonce="${raw.replaceAll("=", "&#x3D;").replace("/", "&#x2F;")}">`,
  `<script nonce="${raw.replace("/", "&sol;").replace("+", "&plus;").replaceAll("=", "&equals;")}">`,
  `<script nonce="${raw.replaceAll("=", "&#061;").replace("+", "&#x0002B;")}">`,
  `var nonce = "${raw.replaceAll("=", "\\x3D").replace("+", "\\u{2b}")}"`,
  `/a?nonce=${encodeURIComponent(raw)}`,
  `{"nonce":"${raw.replace("/", "\\/").replace("+", "\\u002B").replaceAll("=", "\\u003d")}"}`,
])("replaces the nonce in %s", async (text) => {
  const is = await replaced([bytesOf(`é ${text} ${text}é`)], [raw]);
  expect(is.match(/NEW/g)).toHaveLength(2);
  expect(is).not.toContain("abcdefgh");
  expect(is.startsWith("é ") && is.endsWith("é")).toBe(true);
});

it("replaces no other text, and another case of the nonce is one", async () => {
  for (const text of [
    raw.toLowerCase().replace("a", "A"),
    raw.slice(0, -1),
    raw.slice(1),
    "q&#",
    "q\\",
  ]) {
    expect(await replaced([bytesOf(text)], [raw])).toBe(text);
  }
});

it("replaces the longer of two nonces of which one begins the other, and the shorter one at the end", async () => {
  const replacer = new NonceReplacer(
    new Map([
      ["abc", "SHORT"],
      ["abcdef", "LONG"],
    ]),
  );
  const source = sourceOf([bytesOf("abcdef ab ab"), bytesOf("cde")]).pipeThrough(replacer.stream());
  expect(await new Response(source).text()).toBe("LONG ab SHORTde");
  expect(replacer.text("é abcdef abcde")).toBe("é LONG SHORTde");
});

it("finds a nonce across any borders of chunks", async () => {
  const coded = raw.replace("+", "&#x2B;");
  const bytes = bytesOf(`a${raw}q${coded}q+4&#47;`);
  for (let size = 1; size < bytes.byteLength; size += 1) {
    const chunks = [];
    for (let at = 0; at < bytes.byteLength; at += size) chunks.push(bytes.slice(at, at + size));
    expect(await replaced(chunks, [raw])).toBe("aNEWqNEWq+4&#47;");
  }
});

it.each([
  ["little", 0xfeff, true],
  ["big", 0xfeff, false],
])(
  "replaces a nonce in UTF-16 with a byte order mark, in the order %s endian",
  async (_, mark, isLittle) => {
    const utf16 = (text: string) => {
      const view = new DataView(new ArrayBuffer(2 * text.length));
      for (let at = 0; at < text.length; at += 1)
        view.setUint16(2 * at, text.charCodeAt(at), isLittle);
      return new Uint8Array(view.buffer);
    };
    const bytes = utf16(`${String.fromCharCode(mark)}é${raw} ${raw.replace("+", "&#x2B;")}`);
    for (const size of [1, 3, 1_000]) {
      const chunks = [];
      for (let at = 0; at < bytes.byteLength; at += size) chunks.push(bytes.slice(at, at + size));
      const body = new Response(sourceOf(chunks).pipeThrough(replacing([raw], "NEW")));
      expect(new Uint8Array(await body.arrayBuffer())).toEqual(utf16("\u{feff}éNEW NEW"));
    }
  },
);

it("reads each byte of a chunk a bounded number of times, and holds back at most a nonce", async () => {
  const lengths: number[] = [];
  const begin = bytesOf("aaaaaaaaaaaaaaaaaaaaab");
  const source = sourceOf([new Uint8Array(1e5).fill(97), begin]);
  const stream = source.pipeThrough(replacing(["aaaaaaaaaaaaaaaaaaaaaX"], "NEW"));
  for await (const chunk of stream) lengths.push(chunk.byteLength);
  expect(lengths).toHaveLength(2);
  expect(lengths[0]).toBe(1e5 - 21);
});
