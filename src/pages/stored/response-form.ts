// Defines the record form of stored responses for tiers: the check of metadata that is read from
// text, and the metadata's size in memory.
import { textBytes, type RecordForm } from "../../cache/tiers/record-form.ts";
import {
  isCount,
  isFieldName,
  isFlag,
  isNumber,
  isText,
  listOf,
  membersWith,
  pairOf,
} from "../../cache/tiers/record-codec.ts";
import { areSendable, fieldsOf, isErrorStatus } from "../../rules/fields.ts";
import type { RuleMatch } from "../../config/answer-rules.ts";
import type { HeldApart, ResponseDetail, StoredMetadata } from "./stored-response.ts";

/** Rejects values for which `Headers` would throw (RFC 9110 §5.5). */
export const isFieldValue = (value: unknown) =>
  typeof value === "string" && /^[^\0\r\n]*$/.test(value);

const isStatus = (value: unknown) => isCount(value) && Number(value) >= 200 && Number(value) <= 599;

const isHeldApart = (value: unknown) => isCount((value as Partial<HeldApart> | null)?.totalBytes);

const isRuleMatch = (value: unknown) => {
  const { rules, freshSeconds = 0 } = (value ?? {}) as Partial<RuleMatch>;
  return listOf(isCount)(rules) && isCount(freshSeconds);
};

const members = membersWith<ResponseDetail>({
  status: ["S", isStatus, 200],
  statusText: ["T", isFieldValue, "OK"],
  fields: ["H", listOf(pairOf(isFieldName, isFieldValue))],
  selecting: ["V", listOf(isFieldName), []],
  withheldTags: ["W", listOf(pairOf(isFieldName, listOf(isText))), undefined],
  lacksRouteTags: ["L", isFlag, undefined],
  isOfClient: ["I", isFlag, undefined],
  bodyDate: ["D", isFieldValue, undefined],
  contentTag: ["E", isFieldValue, undefined],
  lifetimeSecondsMax: ["X", isNumber, undefined],
  provisional: ["O", isText, undefined],
  ruleMatch: ["R", isRuleMatch, undefined],
  heldApart: ["Z", isHeldApart, undefined],
  mark: ["K", isText, undefined],
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
  members,
  heapBytes,
  // An error evicts only other errors, so requests for random paths cannot evict pages.
  mayPushOutOthers: ({ status }) => !isErrorStatus(status),
  isWorthPacking: isPlainText,
};

/** The form on Node. A record is a miss if a field value has characters that Node cannot send. */
export const responseFormOnNode: RecordForm<ResponseDetail> = {
  ...responseForm,
  isUsable: ({ statusText, fields }) =>
    areSendable([statusText, ...fields.map(([, value]) => value)]),
};
