// Pipes that take bytes alone, hand on a write when it is read, and hold to their length: those of the
// Workers runtime, and the same of Web standards where there are none, as on Node.

type Pipe = TransformStream<Uint8Array, Uint8Array>;

const runtime = globalThis as {
  IdentityTransformStream?: new () => Pipe;
  FixedLengthStream?: new (expectedBytes: number) => Pipe;
};

/** @throws TypeError for anything but bytes, as the pipes of the runtime do */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (!ArrayBuffer.isView(chunk)) throw new TypeError("This stream takes bytes alone.");
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** Hands on what is written to it. */
export const IdentityTransformStream =
  runtime.IdentityTransformStream ??
  class extends TransformStream<Uint8Array, Uint8Array> {
    constructor() {
      super({
        transform(chunk, controller) {
          const bytes = bytesOf(chunk);
          // An empty chunk would wake a reader of the runtime's streams for nothing; it drops them.
          if (bytes.byteLength > 0) controller.enqueue(bytes);
        },
      });
    }
  };

/** Both ends fail when too many bytes are written, or too few before the writer is closed. */
export const FixedLengthStream =
  runtime.FixedLengthStream ??
  class extends TransformStream<Uint8Array, Uint8Array> {
    constructor(expectedBytes: number) {
      if (!Number.isSafeInteger(expectedBytes) || expectedBytes < 0) {
        throw new TypeError("A length is a whole number of bytes.");
      }
      let leftBytes = expectedBytes;
      super({
        transform(chunk, controller) {
          const bytes = bytesOf(chunk);
          leftBytes -= bytes.byteLength;
          if (leftBytes < 0) throw new TypeError("More than the expected bytes were written.");
          if (bytes.byteLength > 0) controller.enqueue(bytes);
        },
        flush() {
          if (leftBytes > 0)
            throw new TypeError("FixedLengthStream did not see all expected bytes before close().");
        },
      });
    }
  };
