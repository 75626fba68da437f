// Checks the options of an HMAC sender when the configuration is loaded.
import { OperatorError } from "../base/operator-error.ts";
import { contentParts, type HmacSenderOptions } from "./hmac-options.ts";

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const bytesMax = 1_048_576;
const secondsMax = 86_400;

/** @throws OperatorError that names each invalid option */
export function checkOptions<Payload>(options: HmacSenderOptions<Payload>): void {
  const fault = [...faultsIn(options)].join(" ");
  if (fault === "") return;
  throw new OperatorError({
    what: "A webhook sender has invalid options.",
    why: fault,
    hint: "Fix the options of hmacSender in your configuration, such as tidemark.config.ts.",
  });
}

function* faultsIn<Payload>(options: HmacSenderOptions<Payload>): Generator<string> {
  const { algorithm, encoding, member, timestamp, signed } = options;
  const { toleranceSeconds, maxBytes, mapping, header, idHeader } = options;
  if (!["sha1", "sha256", "sha512"].includes(algorithm)) {
    yield 'algorithm is not "sha1", "sha256" or "sha512".';
  }
  if (!["hex", "base64", "base64url"].includes(encoding)) {
    yield 'encoding is not "hex", "base64" or "base64url".';
  }
  if (typeof mapping !== "function") yield "mapping is not a function.";
  const timeField = timestamp && "header" in timestamp ? timestamp.header : header;
  const named = [header, timeField, idHeader ?? header];
  const isName = (name: unknown) => typeof name === "string" && fieldName.test(name);
  if (!named.every(isName))
    yield "header, timestamp.header or idHeader is not a valid header field name.";
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
  if (!isWithin(maxBytes, bytesMax)) yield "maxBytes is not a whole number from 1 to 1,048,576.";
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
