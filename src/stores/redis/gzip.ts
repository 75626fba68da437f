// Packs and unpacks bytes held whole, by the runtime's own streams.
import { patiently } from "../../base/patience.ts";

/**
 * Of what is unpacked, so much is fed at a time: it can become a thousand times as much before anybody
 * has read a byte of it, since the runtime's stream does not hold back who writes. No multiple of what
 * is handed out, so that what could not be packed ends in a short piece too.
 */
const sliceBytes = 16_000;

/** The runtime hands out so much at a time while there is as much. */
const chunkBytes = 4_096;

/** If nothing has followed a piece for so long, nothing will before the next slice. */
const quietMs = 5;

/** The same of a slice of which nothing has come at all, such as a file's name in gzip's head. */
const silenceMs = 50;

/** What is so much longer than what becomes of it, nobody has packed: a client waits for it. */
const silencesMax = 8;

export async function gzipped(body: Blob): Promise<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new CompressionStream("gzip");
  const writer = writable.getWriter();
  const bytes = new Uint8Array(await body.arrayBuffer());
  void writer.write(bytes).catch(() => undefined);
  void writer.close().catch(() => undefined);
  return new Uint8Array(await new Response(readable).arrayBuffer());
}

/**
 * In no more memory than what it is to become and one slice's worth beyond: the next slice is given once
 * all that the last one has become is read.
 *
 * @param unpackedBytes exactly so many, or it is not what it is said to be
 * @returns `undefined` for anything else than the gzip of so many bytes. Never throws.
 */
export async function gunzipped(
  packed: Uint8Array<ArrayBuffer>,
  unpackedBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  const unpacked = new Uint8Array(unpackedBytes);
  let [filledBytes, fedBytes, silences, patienceMs] = [0, 0, 0, silenceMs];
  // What fails here fails for the reader too.
  const feed = () => {
    const slice = packed.subarray(fedBytes, fedBytes + sliceBytes);
    fedBytes += slice.byteLength;
    patienceMs = silenceMs;
    writer.write(slice).catch(() => undefined);
    if (fedBytes === packed.byteLength) writer.close().catch(() => undefined);
  };
  feed();
  let reading = reader.read();
  try {
    for (;;) {
      const isAllFed = fedBytes === packed.byteLength;
      const came = await (isAllFed ? reading : patiently(reading, patienceMs));
      if (came === "abandoned") return undefined;
      if (came === "out-of-patience") {
        if (patienceMs === silenceMs) silences += 1;
        if (silences === silencesMax) return undefined;
        feed();
        continue;
      }
      if (came.done) return filledBytes === unpackedBytes ? unpacked : undefined;
      const { byteLength } = came.value;
      if (filledBytes + byteLength > unpackedBytes) return undefined;
      unpacked.set(came.value, filledBytes);
      filledBytes += byteLength;
      // Less than the runtime hands out at a time is the last there was, and just as much may be.
      if (byteLength < chunkBytes && !isAllFed) feed();
      else patienceMs = quietMs;
      reading = reader.read();
    }
  } catch {
    return undefined;
  } finally {
    writer.abort().catch(() => undefined);
    reader.cancel().catch(() => undefined);
  }
}
