// Makes webhook senders that sign requests with an HMAC, as most content management systems do.
import { isSigned, signaturesMax, decodedBytes } from "../../../base/hmac.ts";
import {
  checkHmacSender,
  contentParts,
  firstOf,
  type HmacSenderOptions,
  type TimestampPlace,
} from "./sender-options.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookFields, WebhookRequest, WebhookScheme } from "../port/scheme.ts";
import { idCharsMax } from "../../../protocol/purge-order.ts";
import { webhookSender } from "./webhook-sender.ts";

/** The name and the length in bytes. */
const digests = { sha1: ["SHA-1", 20], sha256: ["SHA-256", 32], sha512: ["SHA-512", 64] } as const;

const fieldLengthMax = 4_096;

/**
 * Makes a sender for `hooks()`.
 *
 * @throws OperatorError for invalid or contradictory options, or for a timestamp that is not signed
 *
 * @example
 * hmacSender<{ id: number }>({
 *   header: "x-signature",
 *   algorithm: "sha256",
 *   encoding: "base64",
 *   idHeader: "x-delivery-id",
 *   mapping: ({ id }) => ({ tags: [`product:${id}`] }),
 * })
 */
export function hmacSender<Payload = unknown>(options: HmacSenderOptions<Payload>): WebhookSender {
  checkHmacSender(options);
  const parts = contentParts(options.signed);
  return senderWithContent(
    options,
    ({ timestamp }) =>
      (body) =>
        parts.map((part) => (part === "{body}" ? body : part === "{timestamp}" ? timestamp : part)),
  );
}

type Body = Uint8Array<ArrayBuffer>;

/** The signed part of a request, before its body is read. */
interface SignedHead {
  readonly request: WebhookRequest;
  /** Empty if the scheme has no timestamp. */
  readonly timestamp: string;
  /** The members of the signature's field; `undefined` if the field is not a list. */
  readonly members: ReadonlyMap<string, readonly string[]> | undefined;
}

/**
 * Returns a function from the body to the parts of the signed content; `undefined` if the request
 * is malformed.
 */
export type ContentReader = (
  head: SignedHead,
) => ((body: Body) => readonly (string | Body)[]) | undefined;

/** Makes a sender whose signed content is not a template. Does not check the options. */
export function senderWithContent<Payload>(
  options: Omit<HmacSenderOptions<Payload>, "signed">,
  contentOf: ContentReader,
): WebhookSender {
  const { mapping, maxBytes, repeatAfterSeconds } = options;
  const toOrder: WebhookScheme["toOrder"] = (payload, fields) =>
    mapping(payload as Payload, fields);
  const claimOf = claimReader(options, contentOf);
  return webhookSender({ claimOf, toOrder, maxBytes, repeatAfterSeconds });
}

function claimReader(
  options: Omit<HmacSenderOptions<never>, "signed" | "mapping">,
  contentOf: ContentReader,
): WebhookScheme["claimOf"] {
  const { header, member, timestamp: place, isTest, idHeader } = options;
  const { algorithm, encoding, prefix = "", toleranceSeconds = 300 } = options;
  const [hash, digestBytes] = digests[algorithm];
  return (request, nowAtMs) => {
    const { headers } = request;
    const field = firstOf(headers, header);
    if (field === null && isTest?.(headers) === true) return { kind: "test" };
    const malformed = { kind: "refused", reason: "malformed" } as const;
    if (field === null || field.length > fieldLengthMax) return malformed;
    const members = member === undefined ? undefined : readMembers(field);
    const texts = member === undefined ? [field] : (members?.get(member) ?? []);
    if (texts.length > signaturesMax) return malformed;
    const signatures = texts
      .filter((text) => text.startsWith(prefix))
      .flatMap((text) => decodedBytes(text.slice(prefix.length), encoding) ?? [])
      .filter((bytes) => bytes.length === digestBytes);
    if (signatures.length === 0) return malformed;
    const timestamp = timestampIn(headers, members, place);
    if (timestamp === undefined) return malformed;
    if (place !== undefined) {
      const atMs = Number(timestamp) * (place.unit === "s" ? 1_000 : 1);
      if (Math.abs(nowAtMs - atMs) > toleranceSeconds * 1_000) {
        return { kind: "refused", reason: "timestamp" };
      }
    }
    // A timestamp in seconds is no id, because two changes within a second may have the same body.
    const delivery = firstOf(headers, idHeader) || (place?.unit === "ms" ? timestamp : "");
    if (delivery.length > idCharsMax) return malformed;
    const content = contentOf({ request, timestamp, members });
    if (content === undefined) return malformed;
    return {
      kind: "claimed",
      delivery,
      isSigned: (body, secrets) =>
        isSigned({
          hash,
          secrets: secrets.map((secret) => new TextEncoder().encode(secret)),
          signatures,
          content: content(body),
        }),
    };
  };
}

/**
 * Returns the timestamp; "" if the scheme has none; `undefined` if the request does not have
 * exactly one numeric timestamp.
 */
function timestampIn(
  headers: WebhookFields,
  members: ReadonlyMap<string, readonly string[]> | undefined,
  place: TimestampPlace | undefined,
): string | undefined {
  if (place === undefined) return "";
  const found = "header" in place ? [headers.get(place.header)] : members?.get(place.member);
  const [timestamp] = found ?? [];
  const isOne = found?.length === 1 && /^\d{1,15}$/.test(timestamp ?? "");
  return isOne ? (timestamp ?? undefined) : undefined;
}

/** Parses a field such as `t=1,v1=ab,v1=cd`. Returns the values of each name, in order. */
function readMembers(field: string): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>();
  for (const part of field.split(",")) {
    const [name = "", ...values] = part.trim().split("=");
    const known = members.get(name) ?? [];
    known.push(values.join("="));
    members.set(name, known);
  }
  return members;
}
