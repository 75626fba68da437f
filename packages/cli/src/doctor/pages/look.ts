// Asks for one page as a client without cookies does, and reads the beginning of its body.
import type { World } from "../../world.ts";

export interface Answer {
  readonly kind: "answered";
  readonly url: string;
  readonly askedAtMs: number;
  readonly status: number;
  readonly headers: Headers;
  /** Its beginning. */
  readonly text: string;
  /** The body is not encoded as its fields say. */
  readonly isBadlyEncoded: boolean;
}

export type Looked = Answer | { readonly kind: "failed"; readonly why: string };

const answerMsMax = 30_000;
const bodyCharsMax = 262_144;

export type Outside = Pick<World, "fetch" | "interrupted" | "nowAtMs">;

/** Follows no redirect. Never rejects, but where the user interrupts. */
export async function look(
  url: string,
  headers: Readonly<Record<string, string>>,
  { fetch, interrupted, nowAtMs }: Outside,
): Promise<Looked> {
  const askedAtMs = nowAtMs();
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await fetch(url, {
      headers: { accept: "text/html,application/json;q=0.9,*/*;q=0.8", ...headers },
      redirect: "manual",
      signal,
    });
    const body = await beginningOf(response);
    const { status, headers: fields } = response;
    return { kind: "answered", url, askedAtMs, status, headers: fields, ...body };
  } catch (cause) {
    interrupted.throwIfAborted();
    return { kind: "failed", why: reasonOf(cause) };
  }
}

async function beginningOf(response: Response): Promise<Pick<Answer, "text" | "isBadlyEncoded">> {
  let text = "";
  try {
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      if (text.length >= bodyCharsMax) break;
    }
    return { text, isBadlyEncoded: false };
  } catch (cause) {
    if (isOfDecoding(cause) && response.headers.has("content-encoding")) {
      return { text, isBadlyEncoded: true };
    }
    throw cause;
  }
}

/** Node's zlib names its errors so, and fetch has them as a cause. */
function isOfDecoding(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  return /^Z_|^ERR__|^ERR_BROTLI|^ERR_ZLIB|^ZSTD_/.test(code) || isOfDecoding(cause.cause);
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "it failed";
  if (cause.name === "TimeoutError") return `no answer came within ${answerMsMax / 1_000} s`;
  const { cause: inner = cause } = cause;
  return inner instanceof Error && "code" in inner
    ? `it failed with ${String(inner.code)}`
    : "it failed";
}
