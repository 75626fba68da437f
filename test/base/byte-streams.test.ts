// Tests the substitutes for IdentityTransformStream and FixedLengthStream of the Workers runtime.
import { expect, it } from "vitest";
import { FixedLengthStream, IdentityTransformStream } from "../../src/base/byte-streams.ts";

const pieces = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)];

/** Writes all pieces and closes the pipe, while the other end is read. */
async function through(pipe: TransformStream<Uint8Array, Uint8Array>) {
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => undefined);
  const writes = Promise.allSettled([
    ...pieces.map((piece) => writer.write(piece)),
    writer.close(),
  ]);
  const read = await new Response(pipe.readable).bytes().then(
    (bytes) => Buffer.from(bytes).toString("hex"),
    (cause: Error) => cause.name,
  );
  return { read, writes: (await writes).map(({ status }) => status) };
}

const fulfilled = "fulfilled";
const rejected = "rejected";

const whole = [fulfilled, fulfilled, fulfilled, fulfilled];

it.each([
  ["no length", () => new IdentityTransformStream(), "010203", whole],
  ["the right length", () => new FixedLengthStream(3), "010203", whole],
  [
    "a length that is one byte too large",
    () => new FixedLengthStream(4),
    "TypeError",
    whole.with(3, rejected),
  ],
  [
    "a length that is one byte too small",
    () => new FixedLengthStream(2),
    "TypeError",
    whole.with(2, rejected).with(3, rejected),
  ],
] as const)(
  "a pipe with %s passes all bytes on, or fails at both ends",
  async (_id, open, read, writes) => {
    expect(await through(open())).toEqual({ read, writes });
  },
);

it("IdentityTransformStream refuses text", async () => {
  const pipe: TransformStream = new IdentityTransformStream();
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => undefined);
  const both = await Promise.allSettled([
    new Response(pipe.readable).bytes(),
    writer.write("text"),
  ]);
  expect(both.map(({ status }) => status)).toEqual([rejected, rejected]);
});

it.each([1.5, -1, NaN, Infinity])("FixedLengthStream refuses %d as a length", (length) => {
  expect(() => new FixedLengthStream(length)).toThrow(TypeError);
});
