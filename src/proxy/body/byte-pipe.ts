// A pipe for bytes on their way to a client or a tier.
import { FixedLengthStream, IdentityTransformStream } from "../../base/byte-streams.ts";

/** Two ends of a pipe: `readable` returns the bytes written. */
export type BytePipe = Readonly<ReturnType<typeof openBytePipe>>;

/**
 * @param bytes total length, for Content-Length; a truncated body is then an error to its reader. `null` if
 *   unknown
 */
export function openBytePipe(bytes: number | null) {
  const { readable, writable } =
    bytes === null ? new IdentityTransformStream() : new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  // Writers see each failure; `closed` alone would be reported as unhandled.
  writer.closed.catch(() => undefined);
  return { readable, writer };
}
