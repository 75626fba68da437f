// Checks the options of senders when the configuration is loaded.
import { OperatorError } from "../base/operator-error.ts";
import {
  contentParts,
  type FieldName,
  type HmacSenderOptions,
  namesOf,
  type SenderOptions,
  type TokenSenderOptions,
} from "./sender-options.ts";

export const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
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
  if (!names.every((name) => typeof name === "string" && fieldName.test(name)))
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
