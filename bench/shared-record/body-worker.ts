// A Worker that repeatedly converts bodies to their form in Redis and back, like the shared tier
// does. It compresses a body of any size on request, so that the results show from which size
// compression pays.
import { sha256Hex } from "../../src/base/sha256.ts";
import { bodyIn } from "../../src/stores/redis/body-text.ts";
import { gzipped } from "../../src/stores/redis/gzip.ts";

const mebibyte = 1_048_576;

export default {
  async fetch(request: Request): Promise<Response> {
    const asked = new URL(request.url).searchParams;
    const isPacked = asked.get("form") === "packed";
    const bytes = new Uint8Array(await request.arrayBuffer());
    const reply = await written(bytes, isPacked);
    for (let times = Number(asked.get("times")); times > 0; times -= 1) {
      if (asked.get("work") === "write") await written(bytes, isPacked);
      else await read(reply, bytes.byteLength);
    }
    return Response.json({ chars: reply.byteLength });
  },
};

/** Returns the body as JSON text, which is about a dozen bytes longer than the stored text. */
async function written(bytes: Uint8Array<ArrayBuffer>, isPacked: boolean): Promise<Uint8Array> {
  const text = isPacked ? `g${(await gzipped(bytes)).toBase64()}` : `i${bytes.toBase64()}`;
  return new TextEncoder().encode(JSON.stringify({ result: text }));
}

async function read(reply: Uint8Array, bodyBytes: number): Promise<void> {
  const { result } = JSON.parse(new TextDecoder().decode(reply)) as { result: string };
  const bytes = await bodyIn(result, { bodyBytes }, mebibyte);
  if (bytes === undefined) throw new Error("A body was not read back.");
  await sha256Hex(bytes);
}
