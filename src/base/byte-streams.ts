// Byte streams that pass each write on unchanged, or enforce a length. On Workers, exports the
// runtime's own classes. Elsewhere, exports equivalents.

type Pipe = TransformStream<Uint8Array, Uint8Array>;

const runtime = globalThis as {
  IdentityTransformStream?: new () => Pipe;
  FixedLengthStream?: new (expectedBytes: number) => Pipe;
};

/** Whether readers get copies of what is written, so that they cannot change it. */
export const readersGetCopies = runtime.IdentityTransformStream !== undefined;

/**
 * Returns the chunk as bytes.
 *
 * @throws TypeError for anything but bytes, like the runtime's streams
 */
export function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (!ArrayBuffer.isView(chunk)) throw new TypeError("This stream accepts only bytes.");
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/**
 * The reason for which Tidemark ends a body early. Its reader sees a lost connection, and workerd, which
 * knows that by `retryable`, reports no uncaught exception.
 */
export class CutBody extends Error {
  readonly retryable = true;
}

/** Passes bytes through unchanged. */
export const IdentityTransformStream =
  runtime.IdentityTransformStream ??
  class extends TransformStream<Uint8Array, Uint8Array> {
    constructor() {
      super({
        transform(chunk, controller) {
          const bytes = bytesOf(chunk);
          // Drop empty chunks, as the runtime's streams do. They would wake a reader without data.
          if (bytes.byteLength > 0) controller.enqueue(bytes);
        },
      });
    }
  };

/** Fails both ends if more bytes than expected are written, or if the writer closes with fewer. */
export const FixedLengthStream =
  runtime.FixedLengthStream ??
  class extends TransformStream<Uint8Array, Uint8Array> {
    constructor(expectedBytes: number) {
      if (!Number.isSafeInteger(expectedBytes) || expectedBytes < 0) {
        throw new TypeError("The length must be a whole number of bytes.");
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
