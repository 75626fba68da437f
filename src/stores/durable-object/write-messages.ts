// Divides writes of several records into messages to the objects of the records.
import { type ManyWrite, manyBytesMax } from "./framed-call.ts";
import type { Target } from "./records-client.ts";

/** A record to write. */
export interface Upload {
  /** The index of its result. */
  readonly at: number;
  readonly target: Target;
  readonly record: ManyWrite;
  readonly blob: Blob;
}

/** Groups records by object, and divides groups that are too large for one message. */
export function messagesOf(uploads: readonly Upload[]): readonly (readonly Upload[])[] {
  const messages: { readonly target: Target; bytes: number; readonly uploads: Upload[] }[] = [];
  for (const upload of uploads) {
    const { target, blob } = upload;
    const open = messages.findLast((message) => message.target === target);
    if (open === undefined || open.bytes + blob.size > manyBytesMax)
      messages.push({ target, bytes: blob.size, uploads: [upload] });
    else {
      open.bytes += blob.size;
      open.uploads.push(upload);
    }
  }
  return messages.map((message) => message.uploads);
}
