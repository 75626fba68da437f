// Reads the bytes of a stored body, however its tier provides them.
import type { StoredBody } from "../../src/cache/record/record.ts";

/** @returns an empty array for a body that was not read */
export async function bytesIn(body: StoredBody): Promise<Uint8Array<ArrayBuffer>> {
  if (body.kind === "absent") return new Uint8Array(0);
  const stream = body.kind === "blob" ? body.blob.stream() : body.stream;
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
