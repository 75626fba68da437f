// Makes webhook senders that sign requests with an HMAC, as most content management systems do.
import { isSigned, signaturesMax } from "../base/hmac.ts";
import { checkOptions } from "./check-hmac-options.ts";
import { contentParts, type HmacSenderOptions, type TimestampPlace } from "./hmac-options.ts";
import type { WebhookSender } from "./port/hook.ts";
import type { WebhookFields, WebhookScheme } from "./port/scheme.ts";
import { readMembers, readSignature } from "./signature-field.ts";
import { webhookSender } from "./webhook-sender.ts";

const hashes = { sha1: "SHA-1", sha256: "SHA-256", sha512: "SHA-512" } as const;

/** The maximum length of a delivery's id. The id is part of a journal entry of limited size. */
const idLengthMax = 256;
const fieldLengthMax = 4_096;

/**
 * Makes a sender for `hooks` in the configuration.
 *
 * @throws OperatorError for invalid or contradictory options, or for a timestamp that is not signed
 *
 * @example
 * hmacSender<{ id: number }>({
 *   header: "x-shopify-hmac-sha256",
 *   algorithm: "sha256",
 *   encoding: "base64",
 *   idHeader: "x-shopify-webhook-id",
 *   mapping: ({ id }) => ({ tags: [`product:${id}`] }),
 * })
 */
export function hmacSender<Payload = unknown>(options: HmacSenderOptions<Payload>): WebhookSender {
  checkOptions(options);
  const { mapping, maxBytes } = options;
  const toOrder: WebhookScheme["toOrder"] = (payload, fields) =>
    mapping(payload as Payload, fields);
  return webhookSender({ claimOf: claimReader(options), toOrder, maxBytes });
}

type SignatureOptions = Omit<HmacSenderOptions, "mapping">;

function claimReader(options: SignatureOptions): WebhookScheme["claimOf"] {
  const { header, member, timestamp: place, isTest, idHeader } = options;
  const { algorithm, encoding, prefix = "", toleranceSeconds = 300 } = options;
  const parts = contentParts(options.signed);
  const hash = hashes[algorithm];
  return ({ headers }, nowAtMs) => {
    const field = headers.get(header);
    if (field === null && isTest?.(headers) === true) return { kind: "test" };
    const malformed = { kind: "refused", reason: "malformed" } as const;
    if (field === null || field.length > fieldLengthMax) return malformed;
    const members = member === undefined ? undefined : readMembers(field);
    const texts = member === undefined ? [field] : (members?.get(member) ?? []);
    if (texts.length > signaturesMax) return malformed;
    const signatures = texts.flatMap(
      (text) => readSignature(text, { algorithm, encoding, prefix }) ?? [],
    );
    if (signatures.length === 0) return malformed;
    const timestamp = timestampIn(headers, members, place);
    if (timestamp === undefined) return malformed;
    if (place !== undefined) {
      const atMs = Number(timestamp) * (place.unit === "s" ? 1_000 : 1);
      if (Math.abs(nowAtMs - atMs) > toleranceSeconds * 1_000) {
        return { kind: "refused", reason: "timestamp" };
      }
    }
    const id = (idHeader && headers.get(idHeader)) || timestamp;
    if (id.length > idLengthMax) return malformed;
    return {
      kind: "claimed",
      delivery: id,
      isSigned: (body, secrets) =>
        isSigned({
          hash,
          secrets: secrets.map((secret) => new TextEncoder().encode(secret)),
          signatures,
          content: parts.map((part) =>
            part === "{body}" ? body : part === "{timestamp}" ? timestamp : part,
          ),
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
