// Defines the record form of stored responses for tiers: the check of metadata that is read from
// text, and the metadata's size in memory.
import * as z from "zod/mini";
import { textBytes, type RecordForm } from "../../cache/tiers/record-form.ts";
import { recordCheck } from "../../cache/tiers/record-codec.ts";
import { areSendable, fieldsOf, isErrorStatus } from "../../rules/fields.ts";
import type { ResponseDetail, StoredMetadata } from "./stored-response.ts";

/** Rejects invalid names and values, for which `Headers` would throw (RFC 9110 §5.1, §5.5). */
export const fieldName = z.string().check(z.regex(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/));
export const fieldValue = z.string().check(z.regex(/^[^\0\r\n]*$/));

const check = recordCheck<ResponseDetail>({
  name: fieldName,
  detail: {
    status: z.int().check(z.minimum(200), z.maximum(599)),
    statusText: fieldValue,
    fields: z.array(z.tuple([fieldName, fieldValue])),
    selecting: z.array(z.tuple([fieldName, z.nullable(z.string())])),
    withheldTags: z.optional(z.array(z.tuple([fieldName, z.array(z.string())]))),
    lacksRouteTags: z.optional(z.boolean()),
    isOfClient: z.optional(z.boolean()),
    jitterDraw: z.number(),
    bodyDate: z.optional(fieldValue),
    lifetimeSecondsMax: z.optional(z.number()),
  },
});

/**
 * The runtime's memory per field of `Headers`, mostly outside the heap. Each stored response that
 * answers also keeps a `Headers` copy of its fields for clients.
 */
const headersFieldBytes = 256;
/** The runtime's memory for `Headers` with `Age` and `Cache-Status`, which every hit adds. */
const headersBytes = 1_408 + 2 * headersFieldBytes;

function heapBytes({ fields, selecting, withheldTags }: StoredMetadata): number {
  let bytes = headersBytes;
  for (const [name, value] of fields) {
    const textLength = name.length + value.length;
    bytes += 2 * textBytes + headersFieldBytes + 2 * textLength;
  }
  for (const [name, value] of selecting) {
    bytes += 2 * textBytes + name.length + (value?.length ?? 0);
  }
  for (const [name, tags] of withheldTags ?? []) {
    bytes += 2 * textBytes + name.length;
    for (const tag of tags) bytes += textBytes + tag.length;
  }
  return bytes;
}

const textual = /^(?:text\/|application\/(?:json|javascript|x-javascript|xml)\b)|\+(?:json|xml)\b/i;

/** Returns whether a response is text without content coding (RFC 9110 §8.4). */
function isPlainText(metadata: StoredMetadata): boolean {
  const fields = fieldsOf(metadata);
  const encoding = fields.get("content-encoding") ?? "identity";
  return encoding === "identity" && textual.test(fields.get("content-type") ?? "");
}

export const responseForm: RecordForm<ResponseDetail> = {
  check,
  heapBytes,
  // An error evicts only other errors, so requests for random paths cannot evict pages.
  mayPushOutOthers: ({ status }) => !isErrorStatus(status),
  isWorthPacking: isPlainText,
};

/** The form on Node. A record is a miss if a field value has characters that Node cannot send. */
export const responseFormOnNode: RecordForm<ResponseDetail> = {
  ...responseForm,
  check(parsed) {
    const checked = check(parsed);
    if (checked?.record.kind !== "response") return checked;
    const { statusText, fields } = checked.record.metadata;
    const isSendable = areSendable([statusText, ...fields.map(([, value]) => value)]);
    return isSendable ? checked : undefined;
  },
};
