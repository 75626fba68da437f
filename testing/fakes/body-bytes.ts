// The bytes of a stored body, whichever way its tier gives it.
import type { StoredBody } from "../../src/cache/record/record.ts";

/** @returns none of a body that was not asked for */
export async function bytesIn(body: StoredBody): Promise<Uint8Array<ArrayBuffer>> {
  if (body.kind === "absent") return new Uint8Array(0);
  const stream = body.kind === "blob" ? body.blob.stream() : body.stream;
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
