// What the stand-ins promise in place of the runtime.
import "../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";

const pieces = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];

/** Writes all pieces and closes, while the other end is read. */
async function through(pipe: TransformStream<Uint8Array, Uint8Array>) {
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => undefined);
  const writes = Promise.allSettled([
    ...pieces.map((piece) => writer.write(piece)),
    writer.close(),
  ]);
  const read = await new Response(pipe.readable).bytes().then(
    (bytes) => bytes.toHex(),
    (cause: Error) => cause.name,
  );
  return { read, writes: (await writes).map(({ status }) => status) };
}

const fulfilled = "fulfilled";
const rejected = "rejected";

it.each([
  {
    id: "no length",
    open: () => new IdentityTransformStream(),
    read: "010203",
    writes: [fulfilled, fulfilled, fulfilled, fulfilled],
  },
  {
    id: "the right length",
    open: () => new FixedLengthStream(3),
    read: "010203",
    writes: [fulfilled, fulfilled, fulfilled, fulfilled],
  },
  {
    id: "one byte too few",
    open: () => new FixedLengthStream(4),
    read: "TypeError",
    writes: [fulfilled, fulfilled, fulfilled, rejected],
  },
  {
    id: "one byte too many",
    open: () => new FixedLengthStream(2),
    read: "TypeError",
    writes: [fulfilled, fulfilled, rejected, rejected],
  },
])("a pipe of $id hands bytes on or fails at both ends", async ({ open, read, writes }) => {
  expect(await through(open())).toEqual({ read, writes });
});

it("takes bytes alone", async () => {
  const pipe: TransformStream = new IdentityTransformStream();
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => undefined);
  const both = await Promise.allSettled([
    new Response(pipe.readable).bytes(),
    writer.write("text"),
  ]);
  expect(both.map(({ status }) => status)).toEqual([rejected, rejected]);
});

it.each([1.5, -1, NaN, Infinity])("refuses %d as a length", (length) => {
  expect(() => new FixedLengthStream(length)).toThrow(TypeError);
});

it("writes and reads base64 and hex", () => {
  const bytes = Uint8Array.of(0, 255, 62, 63, 1);
  expect([bytes.toBase64(), bytes.toHex()]).toEqual(["AP8+PwE=", "00ff3e3f01"]);
  expect(bytes.subarray(1, 2).toHex()).toBe("ff");
  expect(bytes.toBase64({ alphabet: "base64url", omitPadding: true })).toBe("AP8-PwE");
  expect(Uint8Array.fromBase64("AP8-PwE", { alphabet: "base64url" })).toEqual(bytes);
  expect(Uint8Array.fromBase64(" AP8+PwE=\n")).toEqual(bytes);
  expect(Uint8Array.fromHex("00FF3e3f01")).toEqual(bytes);
});

it.each(["a", "YQ=", "@@@@", "AP8-PwE="])("refuses base64 that is none: %s", (text) => {
  expect(() => Uint8Array.fromBase64(text)).toThrow(SyntaxError);
});
