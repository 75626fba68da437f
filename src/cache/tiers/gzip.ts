// Packs and unpacks bytes held whole, by the runtime's own streams.

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
  const packed = body.stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/**
 * In no more memory than what it is to become and one slice's worth beyond.
 *
 * @param unpackedBytes exactly so many, or it is not what it is said to be
 * @returns `undefined` for anything else than the gzip of so many bytes. Never throws.
 */
export async function gunzipped(
  packed: Uint8Array<ArrayBuffer>,
  unpackedBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { readable, writable } = new DecompressionStream("gzip");
  const [reader, feeder] = [readable.getReader(), new Feeder(writable.getWriter(), packed)];
  const unpacked = new Uint8Array(unpackedBytes);
  let filledBytes = 0;
  feeder.feed();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return filledBytes === unpackedBytes ? unpacked : undefined;
      if (filledBytes + value.byteLength > unpackedBytes) return undefined;
      unpacked.set(value, filledBytes);
      filledBytes += value.byteLength;
      feeder.hasRead(value.byteLength);
    }
  } catch {
    return undefined;
  } finally {
    feeder.stop();
    reader.cancel().catch(() => undefined);
  }
}

/** Gives the next slice once all that the last one has become is read. */
class Feeder {
  readonly #writer: WritableStreamDefaultWriter<BufferSource>;
  readonly #packed: Uint8Array<ArrayBuffer>;
  #fedBytes = 0;
  #silences = 0;
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor(writer: WritableStreamDefaultWriter<BufferSource>, packed: Uint8Array<ArrayBuffer>) {
    this.#writer = writer;
    this.#packed = packed;
  }

  /** What fails here fails for the reader too. */
  feed(): void {
    clearTimeout(this.#quiet);
    const slice = this.#packed.subarray(this.#fedBytes, this.#fedBytes + sliceBytes);
    this.#fedBytes += slice.byteLength;
    this.#writer.write(slice).catch(() => undefined);
    if (this.#isDone) this.#writer.close().catch(() => undefined);
    else this.#after(silenceMs, () => this.#feedAfterSilence());
  }

  #feedAfterSilence(): void {
    this.#silences += 1;
    if (this.#silences < silencesMax) this.feed();
    else this.stop();
  }

  /** Less than the runtime hands out at a time is the last there was. */
  hasRead(bytes: number): void {
    if (this.#isDone) return;
    if (bytes < chunkBytes) this.feed();
    else this.#after(quietMs, () => this.feed());
  }

  stop(): void {
    clearTimeout(this.#quiet);
    this.#writer.abort().catch(() => undefined);
  }

  get #isDone(): boolean {
    return this.#fedBytes >= this.#packed.byteLength;
  }

  /** The last there was may be just as much. */
  #after(ms: number, work: () => void): void {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(work, ms);
  }
}
