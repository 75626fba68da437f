// Fetches one page like a client without cookies, and reads the beginning of its body.
import { networkFailure } from "../../asking/network-failure.ts";
import { userAgent } from "../../asking/user-agent.ts";
import type { World } from "../../world.ts";

export interface Answer {
  readonly kind: "answered";
  readonly url: string;
  readonly askedAtMs: number;
  readonly status: number;
  readonly headers: Headers;
  /** The beginning of the body. */
  readonly text: string;
  /** Whether the body contradicts its Content-Encoding. */
  readonly isBadlyEncoded: boolean;
}

export type PageAnswer = Answer | { readonly kind: "failed"; readonly why: string };

const answerMsMax = 30_000;
const bodyCharsMax = 262_144;
const plainFields = {
  "user-agent": userAgent,
  accept: "text/html,application/json;q=0.9,*/*;q=0.8",
};

export type LookWorld = Pick<World, "fetch" | "interrupted" | "nowAtMs">;

/** Fetches a page, and follows no redirect. Rejects only if the user interrupts. */
export async function look(
  url: string,
  headers: Readonly<Record<string, string>>,
  { fetch, interrupted, nowAtMs }: LookWorld,
): Promise<PageAnswer> {
  const askedAtMs = nowAtMs();
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(answerMsMax)]);
  try {
    const response = await fetch(url, {
      headers: { ...plainFields, ...headers },
      redirect: "manual",
      signal,
    });
    const body = await beginningOf(response);
    const { status, headers: fields } = response;
    return { kind: "answered", url, askedAtMs, status, headers: fields, ...body };
  } catch (cause) {
    interrupted.throwIfAborted();
    return { kind: "failed", why: networkFailure(cause, answerMsMax).why };
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

/** Matches errors of Node's zlib, which fetch reports as a cause. */
function isOfDecoding(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  return /^Z_|^ERR__|^ERR_BROTLI|^ERR_ZLIB|^ZSTD_/.test(code) || isOfDecoding(cause.cause);
}
