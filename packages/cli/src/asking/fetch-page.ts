// Fetches a page like a client without cookies, within bounds of time and size. Follows no redirect.
import { createHash } from "node:crypto";
import { userAgent } from "../version.ts";
import type { World } from "../world.ts";
import { type NetworkFailure, networkFailure } from "./network-failure.ts";

/** A response. */
export interface Answer {
  readonly kind: "answered";
  readonly url: string;
  readonly askedAtMs: number;
  readonly status: number;
  readonly headers: Headers;
  /** The text of the body up to the limit; empty if the type is not a text. */
  readonly text: string;
  /** The digest of the body up to the limit, for comparing bodies. */
  readonly digest: string;
  /** Whether the body is longer than the limit. */
  readonly isCut: boolean;
  /** Whether the body contradicts its Content-Encoding. */
  readonly isBadlyEncoded: boolean;
}

/** A request without a response. */
export interface AskFailure extends NetworkFailure {
  readonly kind: "failed";
}

/** Deviations from the plain request. */
export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The timeout. Default: 30 s. */
  readonly answerMsMax?: number;
  /** `false` if the fields suffice: the body may then break off, or never end. Default: `true`. */
  readonly needsBody?: boolean;
}

const bodyBytesMax = 1_048_576;

const plainFields = {
  "user-agent": userAgent,
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
};

/** Rejects only if the user interrupts. */
export async function fetchPage(
  url: string,
  { headers = {}, answerMsMax = 30_000, needsBody = true }: AskOptions,
  { fetch, interrupted, nowAtMs }: World,
): Promise<Answer | AskFailure> {
  const askedAtMs = nowAtMs();
  try {
    const response = await fetch(url, {
      headers: { ...plainFields, ...headers },
      redirect: "manual",
      signal: AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]),
    });
    const { bytes, isCut, isBadlyEncoded } = await bodyOf(response).catch((cause) => {
      if (needsBody || interrupted.aborted) throw cause;
      return { bytes: new Uint8Array(), isCut: false, isBadlyEncoded: false };
    });
    return {
      kind: "answered",
      url,
      askedAtMs,
      status: response.status,
      headers: response.headers,
      text: isText(response.headers) ? new TextDecoder().decode(bytes) : "",
      digest: createHash("sha256").update(bytes).digest("base64url"),
      isCut,
      isBadlyEncoded,
    };
  } catch (cause) {
    interrupted.throwIfAborted();
    return { kind: "failed", ...networkFailure(cause, answerMsMax) };
  }
}

/** Reads the body up to the limit, and cancels the rest. */
async function bodyOf({ body, headers }: Response) {
  const chunks: Uint8Array[] = [];
  let left = bodyBytesMax;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left < 0) break;
    }
    return { bytes: Buffer.concat(chunks), isCut: left < 0, isBadlyEncoded: false };
  } catch (cause) {
    if (!isOfDecoding(cause) || !headers.has("content-encoding")) throw cause;
    return { bytes: Buffer.concat(chunks), isCut: false, isBadlyEncoded: true };
  }
}

/** Returns the media type in lower case, without parameters; `undefined` if the field names none. */
export function mediaTypeOf(answer: Pick<Answer, "headers"> | undefined): string | undefined {
  const type = answer?.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return /^[a-z\d][\w.+-]{0,63}\/[a-z\d][\w.+-]{0,63}$/.test(type) ? type : undefined;
}

function isText(headers: Headers): boolean {
  return /^text\/|json|xml|javascript/i.test(headers.get("content-type") ?? "");
}

/** Matches errors of Node's zlib, which fetch reports as a cause. */
function isOfDecoding(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  return /^Z_|^ERR__|^ERR_BROTLI|^ERR_ZLIB|^ZSTD_/.test(code) || isOfDecoding(cause.cause);
}
