// The options of webhook senders, and their checks when the configuration is loaded.
import type { DigestEncoding } from "../../../base/hmac.ts";
import type { WebhookFields, WebhookOrder } from "../port/scheme.ts";
import { OperatorError } from "../../../base/operator-error.ts";
import { tokenPattern } from "../../../rules/cache-control.ts";

/** The options that all senders have. */
export interface SenderOptions<Payload = unknown> {
  /**
   * Returns the targets of a webhook; `undefined` for an event that purges nothing. Runs after the
   * sender is verified. Must be synchronous: a promise is an error.
   * @see docs/webhooks.md#the-mapping
   */
  readonly mapping: (payload: Payload, fields: WebhookFields) => WebhookOrder | undefined;
  /**
   * Purges a second time after this many seconds, 1 to 25, for a system that sends the webhook
   * before it commits the change. Default: no second purge.
   */
  readonly repeatAfterSeconds?: number | undefined;
  /** The maximum size of the body, at most 1 MiB. Default: 65,536. */
  readonly maxBytes?: number | undefined;
}

/** The options of a sender with a mapping of its own, such as `shopify`. */
export type PresetOptions<Payload> = Partial<SenderOptions<Payload>>;

/**
 * The name of a header field, in any case; or several names, of which the first that the request
 * has counts.
 */
export type FieldName = string | readonly string[];

/** Options for telling a delivery, and a test of the address, from other requests. */
interface DeliveryOptions {
  /** The field with the delivery's id, which is the same in a redelivery, or a list of names. Default: none. */
  readonly idHeader?: FieldName | undefined;
  /**
   * Returns whether an unsigned request only tests the address. A test request gets a 200, and its
   * body is not read. Default: none.
   */
  readonly isTest?: ((fields: WebhookFields) => boolean) | undefined;
}

/** How a sender signs its webhooks, and which targets each webhook purges. */
export interface HmacSenderOptions<Payload = unknown>
  extends SenderOptions<Payload>, DeliveryOptions {
  /** The field with the signature, or a list of names. @example "x-hub-signature-256" */
  readonly header: FieldName;
  /** The hash: `"sha1"`, `"sha256"` or `"sha512"`. */
  readonly algorithm: "sha1" | "sha256" | "sha512";
  /** The encoding of the signature: `"hex"`, `"base64"` or `"base64url"`. */
  readonly encoding: DigestEncoding;
  /** The member with the signature, if the field is a list such as `t=1,v1=ab`. @example "v1" */
  readonly member?: string | undefined;
  /** The text before the signature in the field. @example "sha256=" */
  readonly prefix?: string | undefined;
  /** The text that the system signs. Default: `"{body}"`. @example "{timestamp}.{body}" */
  readonly signed?: string | undefined;
  /**
   * The place of the signing time: `{ header, unit }` or `{ member, unit }`. `unit` is `"s"` or `"ms"`.
   * Default: none.
   */
  readonly timestamp?: TimestampPlace | undefined;
  /** The maximum difference between the timestamp and now, 1 to 86,400 s. Default: 300. */
  readonly toleranceSeconds?: number | undefined;
}

/** How a sender proves its identity by a secret text, and which targets each webhook purges. */
export interface TokenSenderOptions<Payload = unknown>
  extends SenderOptions<Payload>, DeliveryOptions {
  /** The field with the secret. Default: `"authorization"`. */
  readonly header?: FieldName | undefined;
  /** The text before the secret in the field. Default: none. @example "Bearer " */
  readonly prefix?: string | undefined;
}

/** The place and the unit of a timestamp: seconds or milliseconds since 1970. */
export type TimestampPlace = { readonly unit: "s" | "ms" } & (
  | { readonly header: string }
  | { readonly member: string }
);

function namesOf(field: FieldName | undefined): readonly string[] {
  return typeof field === "string" ? [field] : (field ?? []);
}

/** Returns the value of the first field that the request has; `null` if it has none. */
export function firstOf(fields: WebhookFields, field: FieldName | undefined): string | null {
  for (const name of namesOf(field)) {
    const value = fields.get(name);
    if (value !== null) return value;
  }
  return null;
}

/**
 * Splits the template of the signed text at `{timestamp}` and `{body}`. Returns the placeholders
 * and the texts between them, in order.
 */
export function contentParts(signed = "{body}"): string[] {
  return signed.split(/(\{body\}|\{timestamp\})/).filter((part) => part !== "");
}

const bytesMax = 1_048_576;
const secondsMax = 86_400;
/** The runtime ends background work 30 s after the answer. */
const repeatSecondsMax = 25;

/** @throws OperatorError that names each invalid option */
export function checkAll(
  faults: Iterable<string>,
  of = { what: "A webhook sender", maker: "the sender" },
): void {
  const why = [...faults].join(" ");
  if (why === "") return;
  throw new OperatorError({
    what: `${of.what} has invalid options.`,
    why,
    hint: `Fix the options of ${of.maker} in your configuration, such as tidemark.config.ts.`,
  });
}

/** @throws OperatorError that names each invalid option */
export function checkSender(options: SenderOptions<never>): void {
  checkAll(faultsIn(options));
}

/** @throws OperatorError that names each invalid option */
export function checkTokenSender<Payload>(options: TokenSenderOptions<Payload>): void {
  const { header = "authorization", idHeader } = options;
  checkAll([...faultsIn(options), ...faultsOfFields(header, [idHeader])]);
}

/** @throws OperatorError that names each invalid option */
export function checkHmacSender<Payload>(options: HmacSenderOptions<Payload>): void {
  checkAll([...faultsIn(options), ...faultsOfHmac(options)]);
}

function* faultsIn(options: SenderOptions<never>): Generator<string> {
  const { mapping, repeatAfterSeconds, maxBytes } = options;
  if (typeof mapping !== "function") yield "mapping is not a function.";
  if (!isWithin(repeatAfterSeconds, repeatSecondsMax))
    yield `repeatAfterSeconds is not a whole number from 1 to ${repeatSecondsMax}.`;
  if (!isWithin(maxBytes, bytesMax)) yield "maxBytes is not a whole number from 1 to 1,048,576.";
}

function* faultsOfFields(
  header: FieldName,
  others: readonly (FieldName | undefined)[],
): Generator<string> {
  if (namesOf(header).length === 0) yield "header names no header field.";
  const names = [header, ...others].flatMap((field) => (field === undefined ? [] : namesOf(field)));
  if (!names.every((name) => typeof name === "string" && tokenPattern.test(name)))
    yield "header, timestamp.header or idHeader is not a valid header field name.";
}

function* faultsOfHmac<Payload>(options: HmacSenderOptions<Payload>): Generator<string> {
  const { algorithm, encoding, member, timestamp, signed, toleranceSeconds } = options;
  if (!["sha1", "sha256", "sha512"].includes(algorithm)) {
    yield 'algorithm is not "sha1", "sha256" or "sha512".';
  }
  if (!["hex", "base64", "base64url"].includes(encoding)) {
    yield 'encoding is not "hex", "base64" or "base64url".';
  }
  const timeField = timestamp && "header" in timestamp ? timestamp.header : undefined;
  yield* faultsOfFields(options.header, [timeField, options.idHeader]);
  yield* faultsOfContent(contentParts(signed), timestamp !== undefined);
  if (timestamp !== undefined && "member" in timestamp && member === undefined) {
    yield "timestamp.member is set without member: set member to the name of the signature's member.";
  }
  if (timestamp !== undefined && !["s", "ms"].includes(timestamp.unit)) {
    yield 'timestamp.unit is not "s" or "ms".';
  }
  if (toleranceSeconds !== undefined && timestamp === undefined) {
    yield "toleranceSeconds is set without timestamp.";
  }
  if (!isWithin(toleranceSeconds, secondsMax))
    yield "toleranceSeconds is not a whole number from 1 to 86,400.";
}

function* faultsOfContent(parts: readonly string[], hasTimestamp: boolean): Generator<string> {
  const count = (placeholder: string) => parts.filter((part) => part === placeholder).length;
  if (count("{body}") !== 1) yield "signed does not have {body} exactly once.";
  if (parts.some((part) => /[{}]/.test(part) && !/^\{(?:body|timestamp)\}$/.test(part))) {
    yield "signed has a placeholder other than {body} and {timestamp}.";
  }
  if (hasTimestamp && count("{timestamp}") !== 1) {
    yield "signed does not have {timestamp} exactly once, so anyone could change the time: add it, or leave timestamp out.";
  }
  if (!hasTimestamp && count("{timestamp}") > 0)
    yield "signed has {timestamp}, but timestamp is not set.";
}

const isWithin = (given: number | undefined, most: number) =>
  given === undefined || (Number.isInteger(given) && given >= 1 && given <= most);
