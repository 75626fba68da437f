// A fake of a bucket of R2. It stores whole objects, and checks digests and entity tags like R2.
import { createHash } from "node:crypto";
import type { R2Bucket, R2Object, R2ObjectBody } from "../../src/stores/r2/bucket.ts";
import type { FakeClock } from "./fake-clock.ts";

interface StoredObject {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly object: R2Object;
}

export class FakeR2 implements R2Bucket {
  readonly #clock: FakeClock;
  readonly objects = new Map<string, StoredObject>();
  /** The calls, such as `get 8d/site:r:… 0-99`, without digests of keys. */
  readonly calls: string[] = [];
  /** Marks the fake as a bucket. */
  readonly createMultipartUpload = undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async head(name: string): Promise<R2Object | null> {
    this.#called("head", name);
    return this.objects.get(name)?.object ?? null;
  }

  async get(
    name: string,
    { onlyIf, range }: Parameters<R2Bucket["get"]>[1],
  ): Promise<R2Object | R2ObjectBody | null> {
    this.#called("get", name, range && ` ${range.offset}+${range.length}`);
    const found = this.objects.get(name);
    if (found === undefined) return null;
    const { bytes, object } = found;
    if (onlyIf.etagMatches !== object.etag) return object;
    const { offset, length } = range ?? { offset: 0, length: bytes.byteLength };
    const body = new Blob([bytes.subarray(offset, offset + length)]).stream();
    return { ...object, body };
  }

  async put(
    name: string,
    value: ReadableStream<Uint8Array> | Blob,
    { sha256 }: { readonly sha256?: string } = {},
  ): Promise<R2Object> {
    this.#called("put", name);
    const bytes = new Uint8Array(await new Response(value).arrayBuffer());
    const digest = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== undefined && sha256 !== digest) throw new Error("put: the digest is wrong");
    const object = {
      etag: createHash("md5").update(bytes).digest("hex"),
      size: bytes.byteLength,
      uploaded: new Date(this.#clock.atMs),
      checksums: { toJSON: () => (sha256 === undefined ? {} : { sha256 }) },
    };
    this.objects.set(name, { bytes, object });
    return object;
  }

  async delete(names: string[]): Promise<void> {
    this.#called("delete", "");
    for (const name of names) this.objects.delete(name);
  }

  /** Changes what R2 reports about all objects. */
  alter(change: (object: R2Object) => R2Object): void {
    for (const [name, { bytes, object }] of this.objects)
      this.objects.set(name, { bytes, object: change(object) });
  }

  #called(call: string, name: string, more = ""): void {
    const [days = ""] = name.split("/");
    this.calls.push(`${call} ${days}${more}`.trim());
  }
}
