// Interprets the answer to a purge: accepted, retry, or refused for good.
import { retryAfterMs } from "./back-off.ts";
import { dryRunText } from "./message.ts";
import { PurgeError, type ErrorText } from "./purge-error.ts";

export interface Acceptance {
  /** The purge's position in the journal. */
  readonly position: string;
  /** Seconds until no cache serves a response from before the purge. */
  readonly visibleWithinSeconds: number;
}

/** Responses examined, and how many of them the purge would cover. */
interface DryRunCount {
  readonly examined: number;
  readonly covered: number;
}

/** The result of a dry run. A signed request gets no URLs, because their queries may hold secrets. */
export interface DryRun {
  /** Number of `tags`, `urls` and so on in the order; `everything` is a boolean. */
  readonly targets: Readonly<Record<string, number | boolean>>;
  /** Names that the site reads differently than sent. */
  readonly readAs?: readonly { readonly sent: string; readonly as: readonly string[] }[];
  /** Warnings as whole sentences. */
  readonly notes?: readonly string[];
  /** Counts from the memory of the isolate that answered. */
  readonly isolate: DryRunCount;
  /** `isWhole`: every stored response was examined; otherwise `whyNotWhole` is the reason. */
  readonly shared:
    | (DryRunCount & { readonly isWhole: boolean; readonly whyNotWhole?: string })
    | "unavailable"
    | "not configured";
  /** The parts that the dry run could not examine. */
  readonly limits: string;
}

/** `Answer` is the content of a 200. */
export type Verdict<Answer> = { readonly kind: "accepted"; readonly answer: Answer } | NotAccepted;

type NotAccepted =
  /** `retryAfterMs`: the wait that the answer requested, or 0. */
  | { readonly kind: "try-later"; readonly why: string; readonly retryAfterMs: number }
  | { readonly kind: "refused"; readonly error: PurgeError };

export type SendVerdict = ({ readonly kind: "accepted" } & Acceptance) | NotAccepted;

/** Parses a 200. The status alone proves nothing, because any site may answer 200. */
export interface Reader<Answer> {
  /** Returns `undefined` for the answer of another server. */
  readonly read: (answer: Readonly<Record<string, unknown>>) => Answer | undefined;
  /** The missing content, for the error about an unreadable 200, such as "a position". */
  readonly what: string;
}

const textCharsMax = 500;

/** @throws if reading the body fails, such as on a lost connection */
export async function readAnswer<Answer>(
  response: Response,
  atMs: number,
  { read, what }: Reader<Answer>,
): Promise<Verdict<Answer>> {
  const { status, headers } = response;
  const answer = parsed(await response.text());
  if (response.ok) {
    const found = isRecord(answer) ? read(answer) : undefined;
    if (found !== undefined) return { kind: "accepted", answer: found };
    return refusal(status, errorOfOk(answer, status, what));
  }
  const said = errorIn(answer) ?? errorOfStatus(status, headers);
  if (status === 408 || status === 429 || status >= 500) {
    const why = `It answered ${status}: ${said.why}`;
    return { kind: "try-later", why, retryAfterMs: retryAfterMs(headers.get("retry-after"), atMs) };
  }
  return refusal(status, said);
}

const refusal = (status: number, said: ErrorText): NotAccepted => ({
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

export const acceptanceReader: Reader<Acceptance> = {
  what: "a position",
  read({ position, visibleWithinSeconds }) {
    if (typeof position !== "string" || position === "") return undefined;
    if (typeof visibleWithinSeconds !== "number") return undefined;
    return { position, visibleWithinSeconds };
  },
};

export const dryRunReader: Reader<DryRun> = {
  what: "the result of a dry run",
  read: ({ dryRun, ...told }) => (dryRun === true && isDryRun(told) ? told : undefined),
};

function isDryRun(told: Record<string, unknown>): told is Record<string, unknown> & DryRun {
  const { targets, isolate, shared, limits } = told;
  const isShared = shared === "unavailable" || shared === "not configured" || isFound(shared);
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
  // Other servers may also answer in this form, at any length.
  const text = (given: unknown) => (typeof given === "string" ? given.slice(0, textCharsMax) : "");
  const said = { code: text(code), what: text(what), why: text(why), hint: text(hint) };
  return Object.values(said).includes("") ? undefined : said;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const notAccepted = "The purge was not accepted.";
const checkUrl = "Give the address of a site behind Tidemark, ending in /_cache/purge.";

function errorOfOk(answer: unknown, status: number, what: string): ErrorText {
  if (isRecord(answer) && answer["dryRun"] === true && what === acceptanceReader.what) {
    return dryRunText("Its body asks for a dry run, which purges nothing.");
  }
  const why = `The answer was ${status} without ${what}.`;
  return { code: "not-tidemark", what: notAccepted, why, hint: checkUrl };
}

/** Explains answers without an explanation, such as those of proxies or other servers. */
function errorOfStatus(status: number, headers: Headers): ErrorText {
  const what = notAccepted;
  if (status === 401 || status === 403) {
    const why = `The answer was ${status}: the signature or its time is wrong.`;
    return { code: "unauthorized", what, why, hint: "Use the same secret and time on both sides." };
  }
  if (status === 404) {
    const hint = `${checkUrl} PURGE_SECRET must be set there.`;
    return { code: "not-found", what, why: "Nothing takes purges at that address.", hint };
  }
  if (status >= 300 && status < 400) {
    const why = `The address redirects to ${headers.get("location") ?? "another one"}.`;
    return { code: "redirect", what, why, hint: "Give the address that it redirects to." };
  }
  return { code: "not-tidemark", what, why: `The answer was ${status}.`, hint: checkUrl };
}
