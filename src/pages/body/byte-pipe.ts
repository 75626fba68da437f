// A pipe for bytes on their way to a client or a tier.
import { FixedLengthStream, IdentityTransformStream } from "../../base/byte-streams.ts";

/** Two ends of a pipe: `readable` returns the bytes written. */
export type BytePipe = Readonly<ReturnType<typeof openBytePipe>>;

/**
 * @param bytes the total length, for Content-Length; `null` if unknown. If the body is shorter, its
 *   reader gets an error
 */
export function openBytePipe(bytes: number | null) {
  const { readable, writable } =
    bytes === null ? new IdentityTransformStream() : new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  // Each write reports its own failure. Without this handler, the runtime would also report the
  // rejection of `closed`.
  writer.closed.catch(() => undefined);
  return { readable, writer };
}
