// The client's own conditions and range, evaluated against a stored response.
import { fieldsOf } from "../../rules/fields.ts";
import { type RangeVerdict, rangeVerdict } from "../../rules/ranges.ts";
import { isNotModified } from "../../rules/validators.ts";
import { bodyDateOf, type StoredMetadata } from "../stored/stored-response.ts";
import type { Asked } from "./plan.ts";

/** The client's precondition, evaluated against a response of ours (RFC 9111 §4.3.2). */
export function clientHasIt(asked: Asked, metadata: StoredMetadata): boolean {
  if (!isConditional(asked)) return false;
  return isNotModified({
    request: asked.conditions,
    stored: fieldsOf(metadata),
    status: metadata.status,
    receivedAtMs: metadata.respondedAtMs,
  });
}

/** The client's range, evaluated against a body of ours (RFC 9110 §14.2). */
export function rangeIn({ method, conditions }: Asked, metadata: StoredMetadata): RangeVerdict {
  const { status, bodyBytes } = metadata;
  if (method !== "GET" || bodyBytes === null || !conditions.has("range")) return { kind: "whole" };
  const bodyDate = bodyDateOf(metadata);
  const stored = fieldsOf(metadata);
  return rangeVerdict({ request: conditions, stored, status, bodyBytes, bodyDate });
}

/** May the answer be made of metadata alone: to `HEAD`, or a 304? */
export function mayNeedNoBody(asked: Asked): boolean {
  return asked.method === "HEAD" || isConditional(asked);
}

function isConditional({ conditions }: Asked): boolean {
  return conditions.has("if-none-match") || conditions.has("if-modified-since");
}
