// What the answer to a purge means: accepted, to be tried again, or refused for good.
import { retryAfterMs } from "./back-off.ts";
import { PurgeError } from "./purge-error.ts";

export interface Acceptance {
  /** Where the purge stands in the journal. */
  readonly position: string;
  /** No copy from before the purge is served any more after that long, anywhere. */
  readonly visibleWithinSeconds: number;
}

export type SendVerdict =
  | ({ readonly kind: "accepted" } & Acceptance)
  /** `retryAfterMs` is what the answer asked for, 0 when it asked for nothing. */
  | { readonly kind: "try-later"; readonly why: string; readonly retryAfterMs: number }
  | { readonly kind: "refused"; readonly error: PurgeError };

interface Said {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

const saidCharsMax = 500;

/** @throws what reading the body throws, when the connection ends within it */
export async function readAnswer(response: Response, atMs: number): Promise<SendVerdict> {
  const { status, headers } = response;
  const answer = parsed(await response.text());
  if (response.ok) {
    return acceptanceIn(answer) ?? refusal(status, saidByStatus(status, headers));
  }
  const said = saidIn(answer) ?? saidByStatus(status, headers);
  if (status === 408 || status === 429 || status >= 500) {
    const why = `It answered ${status}: ${said.why}`;
    return { kind: "try-later", why, retryAfterMs: retryAfterMs(headers.get("retry-after"), atMs) };
  }
  return refusal(status, said);
}

const refusal = (status: number, said: Said): SendVerdict => ({
  kind: "refused",
  error: new PurgeError({ ...said, status }),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A 200 alone proves nothing: any page of any site answers so. */
function acceptanceIn(answer: unknown): SendVerdict | undefined {
  if (!isRecord(answer)) return undefined;
  const { position, visibleWithinSeconds } = answer;
  if (typeof position !== "string" || position === "") return undefined;
  if (typeof visibleWithinSeconds !== "number") return undefined;
  return { kind: "accepted", position, visibleWithinSeconds };
}

function saidIn(answer: unknown): Said | undefined {
  if (!isRecord(answer) || !isRecord(answer["error"])) return undefined;
  const { code, what, why, mend } = answer["error"];
  const texts = [code, what, why, mend].map((text) => (typeof text === "string" ? text : ""));
  if (texts.includes("")) return undefined;
  // Another server than ours may answer so too, and at any length.
  const [saidCode = "", saidWhat = "", saidWhy = "", saidMend = ""] = texts.map((text) =>
    text.slice(0, saidCharsMax),
  );
  return { code: saidCode, what: saidWhat, why: saidWhy, mend: saidMend };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** For answers that explain nothing: those of proxies, of other servers, of another address. */
function saidByStatus(status: number, headers: Headers): Said {
  const what = "The purge was not accepted.";
  const checkUrl = "Give the address of a site behind Tidemark, ending in /_cache/purge.";
  if (status === 401 || status === 403) {
    const why = `The answer was ${status}: the signature or its time does not hold.`;
    return { code: "unauthorized", what, why, mend: "Use the same secret and time on both sides." };
  }
  if (status === 404) {
    const mend = `${checkUrl} PURGE_SECRET must be set there.`;
    return { code: "not-found", what, why: "Nothing takes purges at that address.", mend };
  }
  if (status >= 300 && status < 400) {
    const why = `The address leads on to ${headers.get("location") ?? "another"}.`;
    return { code: "redirect", what, why, mend: "Give the address at the end of that way." };
  }
  const why =
    status < 300 ? `The answer was ${status} without a position.` : `The answer was ${status}.`;
  return { code: "not-tidemark", what, why, mend: checkUrl };
}
