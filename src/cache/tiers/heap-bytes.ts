// What a record takes in the isolate's heap, and beside it.
import type { TierRecord } from "./tier.ts";

/** What a marker takes that lists no variants. */
const markerBytes = 512;

/** What a marker takes for each variant that it lists: an array, a short text and a number. */
const variantBytes = 128;

/** What a response takes without fields, tags and body: its place here, metadata, terms. */
const responseBytes = 1_024;

/** What stands around one text among many, such as a tag. */
const textBytes = 24;

/** How often the fields are held as `Headers` once a response is in use: as clients get them. */
const builtCount = 1;

/** What the runtime takes for each field of `Headers`, most of it beside the heap; */
const headersFieldBytes = 256;
/** and for `Headers` with `Age` and `Cache-Status`, which every answer has. */
const headersBytes = 1_408 + 2 * headersFieldBytes;

/** An upper estimate, text at a byte a character; `npm run bench:isolate-memory` measures it. */
export function heapBytes(record: TierRecord): number {
  if (record.kind === "vary") return markerBytes + variantBytes * record.variants.length;
  const { metadata } = record.stored;
  let bytes = responseBytes + builtCount * headersBytes;
  for (const [name, value] of metadata.fields) {
    const textLength = name.length + value.length;
    bytes += 2 * textBytes + textLength + builtCount * (headersFieldBytes + textLength);
  }
  for (const value of Object.values(metadata.askedBy ?? {})) {
    bytes += textBytes + (value?.length ?? 0);
  }
  for (const [name, value] of metadata.selecting) {
    bytes += 2 * textBytes + name.length + (value?.length ?? 0);
  }
  // Once as it was given, once as purges name it.
  for (const tag of metadata.tags) bytes += 2 * (textBytes + tag.length);
  for (const [name, tags] of metadata.withheldTags ?? []) {
    bytes += 2 * textBytes + name.length;
    for (const tag of tags) bytes += textBytes + tag.length;
  }
  return bytes + (blobIn(record)?.size ?? 0);
}

/** @returns `undefined` of a marker, and of a body that is not held whole */
export function blobIn(record: TierRecord): Blob | undefined {
  if (record.kind === "vary") return undefined;
  const { body } = record.stored;
  return body.kind === "blob" ? body.blob : undefined;
}
