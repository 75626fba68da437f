// A pipe for bytes on their way to a client or a tier.
import { FixedLengthStream, IdentityTransformStream } from "../../base/byte-streams.ts";

/** Two ends of a pipe: what is written comes out of `readable`. */
export type BytePipe = Readonly<ReturnType<typeof openBytePipe>>;

/**
 * Opens a pipe.
 *
 * @param bytes how many will pass, which then stands in Content-Length, and a body cut short is
 *   an error to its reader; `null` where that is not known
 */
export function openBytePipe(bytes: number | null) {
  const { readable, writable } =
    bytes === null ? new IdentityTransformStream() : new FixedLengthStream(bytes);
  const writer = writable.getWriter();
  // Whoever writes sees each failure; `closed` alone would be reported as unhandled.
  writer.closed.catch(() => undefined);
  return { readable, writer };
}
