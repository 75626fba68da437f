// Interprets the response to a purge: accepted, retry later, or finally rejected.
import { retryAfterMs } from "./back-off.ts";
import { dryRunText } from "./message.ts";
import { PurgeError, type ErrorText } from "./purge-error.ts";

export interface Acceptance {
  /** The purge's position in the journal. */
  readonly position: string;
  /** The number of seconds after which the purge has taken effect in all colos. */
  readonly visibleWithinSeconds: number;
  /** The end of these seconds by the site's clock, in ISO 8601. */
  readonly visibleBy: string;
  /** The value of `Tidemark-Position`, with which a reader sees the change at once. */
  readonly sealedPosition?: string;
  /** A `Set-Cookie` with this position, for the browser of an editor. */
  readonly setCookie?: string;
  /** Warnings as whole sentences, such as that an invalid name is not purged. */
  readonly notes?: readonly string[];
}

/** The number of examined responses, and the number that the purge would cover. */
interface DryRunCount {
  readonly examined: number;
  readonly covered: number;
}

/**
 * The result of a dry run. The response to a signed request has no URLs, because queries may
 * contain secrets.
 */
export interface DryRun {
  /** The number of targets of each kind, such as `tags`; for `everything`, a boolean. */
  readonly targets: Readonly<Record<string, number | boolean>>;
  /** URLs, prefixes and hosts that the site spells differently than the order. */
  readonly readAs?: readonly { readonly sent: string; readonly as: readonly string[] }[];
  /** Warnings as whole sentences. */
  readonly notes?: readonly string[];
  /** The counts from the memory of the isolate that answered. */
  readonly isolate: DryRunCount;
  /**
   * The counts from the shared tier. `isWhole`: whether every stored response was examined.
   * `whyNotWhole`: the reason why some responses were not examined. `"not listable"`: only Redis can
   * list its responses.
   */
  readonly shared:
    | (DryRunCount & { readonly isWhole: boolean; readonly whyNotWhole?: string })
    | "unavailable"
    | "not listable"
    | "not configured";
  /** The parts that the dry run could not examine. */
  readonly limits: string;
}

/** The result of one try. `Answer` is the content of a 2xx response. */
export type TryResult<T> = { readonly kind: "accepted"; readonly answer: T } | NotAccepted;

type NotAccepted =
  /** `retryAfterMs`: the wait that the response requested, or 0. */
  | { readonly kind: "try-later"; readonly why: string; readonly retryAfterMs: number }
  | { readonly kind: "refused"; readonly error: PurgeError };

export type SendResult = ({ readonly kind: "accepted" } & Acceptance) | NotAccepted;

/** Parses a 2xx response. The status alone proves nothing, because any server may answer 200. */
export interface Reader<Answer> {
  /** Returns the content; `undefined` for the response of another server. */
  readonly read: (answer: Readonly<Record<string, unknown>>) => Answer | undefined;
  /** The content that the response must have, for error messages, such as "a position". */
  readonly what: string;
}

const textCharsMax = 500;

/**
 * @throws if the body of a 2xx response does not arrive. The status of any other response decides, and its body
 *   only explains
 */
export async function readAnswer<Answer>(
  response: Response,
  atMs: number,
  { read, what }: Reader<Answer>,
): Promise<TryResult<Answer>> {
  const { status, headers } = response;
  const reading = response.text();
  const answer = parsed(await (response.ok ? reading : reading.catch(() => "")));
  if (response.ok) {
    const found = isRecord(answer) ? read(answer) : undefined;
    if (found !== undefined) return { kind: "accepted", answer: found };
    return refusal(status, errorOfOk(answer, status, what));
  }
  const error = errorIn(answer) ?? errorOfStatus(status, headers);
  if (status === 408 || status === 429 || status >= 500) {
    const why = `It answered ${status}: ${error.why}`;
    return { kind: "try-later", why, retryAfterMs: retryAfterMs(headers.get("retry-after"), atMs) };
  }
  return refusal(status, error);
}

const refusal = (status: number, error: ErrorText): NotAccepted => ({
  kind: "refused",
  error: new PurgeError({ ...error, status }),
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const acceptanceReader: Reader<Acceptance> = {
  what: "a position",
  read({ position, visibleWithinSeconds, visibleBy, sealedPosition, setCookie, notes }) {
    if (typeof position !== "string" || position === "") return undefined;
    if (typeof visibleWithinSeconds !== "number") return undefined;
    // A purge that a site of another version accepted must not look refused.
    const here = () => new Date(Date.now() + visibleWithinSeconds * 1_000).toISOString();
    return {
      position,
      visibleWithinSeconds,
      visibleBy: typeof visibleBy === "string" ? visibleBy : here(),
      ...(typeof sealedPosition === "string" && { sealedPosition }),
      ...(typeof setCookie === "string" && { setCookie }),
      ...(Array.isArray(notes) && { notes: notes.map(String) }),
    };
  },
};

export const dryRunReader: Reader<DryRun> = {
  what: "the result of a dry run",
  read: ({ dryRun, ...rest }) => (dryRun === true && isDryRun(rest) ? rest : undefined),
};

const notExamined: ReadonlySet<unknown> = new Set([
  "unavailable",
  "not listable",
  "not configured",
]);

function isDryRun(value: Record<string, unknown>): value is Record<string, unknown> & DryRun {
  const { targets, isolate, shared, limits } = value;
  const isShared = notExamined.has(shared) || isFound(shared);
  return isRecord(targets) && isFound(isolate) && isShared && typeof limits === "string";
}

function isFound(value: unknown): boolean {
  return (
    isRecord(value) && typeof value["examined"] === "number" && typeof value["covered"] === "number"
  );
}

function errorIn(answer: unknown): ErrorText | undefined {
  if (!isRecord(answer) || !isRecord(answer["error"])) return undefined;
  const { code, what, why, hint } = answer["error"];
  const text = (given: unknown) => (typeof given === "string" ? printable(given) : "");
  const error = { code: text(code), what: text(what), why: text(why), hint: text(hint) };
  return Object.values(error).includes("") ? undefined : error;
}

/** Shortens text of the server, which may be any server, and makes it safe for logs and terminals. */
function printable(text: string): string {
  return text.slice(0, textCharsMax).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const notAccepted = "The purge was not accepted.";
const checkUrl = "Use the address of a site behind Tidemark, ending in /_cache/purge.";

function errorOfOk(answer: unknown, status: number, what: string): ErrorText {
  if (isRecord(answer) && answer["dryRun"] === true && what === acceptanceReader.what) {
    return dryRunText("Its body requests a dry run, which purges nothing.");
  }
  const why = `The answer was ${status} without ${what}.`;
  return { code: "not-tidemark", what: notAccepted, why, hint: checkUrl };
}

/** Returns the error for a response without Tidemark's error form, such as that of a proxy. */
function errorOfStatus(status: number, headers: Headers): ErrorText {
  const what = notAccepted;
  if (status === 401 || status === 403) {
    const why = `The answer was ${status}: the signature or its time is wrong.`;
    return { code: "unauthorized", what, why, hint: "Use the same secret and time on both sides." };
  }
  if (status === 404) {
    return { code: "not-found", what, why: "The address does not accept purges.", hint: checkUrl };
  }
  if (status >= 300 && status < 400) {
    const why = `The address redirects to ${printable(headers.get("location") ?? "another one")}.`;
    return { code: "redirect", what, why, hint: "Use the address that it redirects to." };
  }
  return { code: "not-tidemark", what, why: `The answer was ${status}.`, hint: checkUrl };
}
