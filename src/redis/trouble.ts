// What an error of the client `@upstash/redis` means, and what an operator can do about it. Its text
// quotes commands and values: it is read here, and goes no further.

/** Why it does not work, and what to do: a kind for each thing that an operator can do. */
export const said = {
  "token-refused": ["Upstash refused the token (401)", "check UPSTASH_REDIS_REST_TOKEN"],
  forbidden: [
    "Upstash refused access (403)",
    "check UPSTASH_REDIS_REST_TOKEN, and from which addresses the database may be used",
  ],
  unreachable: [
    "The database cannot be reached",
    "check UPSTASH_REDIS_REST_URL, and that the database runs",
  ],
  timeout: ["The database does not answer in time", "check how busy and how far away it is"],
  busy: [
    "The database, or a server before it, is busy or starting",
    "look at its state in the Upstash console if that lasts",
  ],
  full: ["The database is full", "make room in the database"],
  "read-only": [
    "The token or the database may only read",
    "set UPSTASH_REDIS_REST_TOKEN to a token that may write",
  ],
  "plan-used-up": ["The plan of the database is used up", "raise the limits of its plan"],
  "wrong-type": [
    "A key of Tidemark holds a value of another type",
    "delete that key, or set `namespace` to a name that nothing else uses",
  ],
  "not-upstash": [
    "The answer is not one of Upstash's REST interface",
    "check that UPSTASH_REDIS_REST_URL is the REST URL of the database",
  ],
  "too-large": ["One command was too large for the database", "lower `limits.sharedBodyBytes`"],
  refused: ["The database refused a command", "check its state in the Upstash console"],
  failed: ["A command to the database failed before it was sent", "check UPSTASH_REDIS_REST_URL"],
} as const satisfies Record<string, readonly [why: string, mend: string]>;

export type RedisTrouble = keyof typeof said;

/** Said in the place of the usual words, where it is reached by something else than the variables. */
export type TroubleWords = Readonly<
  Partial<Record<RedisTrouble, readonly [why: string, mend: string]>>
>;

/** Of a database for the journal alone, which has variables of its own. */
export const journalWords: TroubleWords = Object.fromEntries(
  Object.entries(said).map(([kind, [why, mend]]) => [
    kind,
    [why, mend.replaceAll("UPSTASH_REDIS_REST", "JOURNAL_REDIS_REST")],
  ]),
);

/** What is tried again without anybody's help ends by itself, as a rule. */
const passing: readonly RedisTrouble[] = ["unreachable", "timeout", "busy"];

/** @returns a sentence without its full stop, which names no secret, no address and no key */
export function whyOf(trouble: RedisTrouble, words: TroubleWords = said): string {
  return (words[trouble] ?? said[trouble])[0];
}

/** @returns what to do, as the beginning of a sentence; `undefined` where trying again is enough */
export function mendOf(trouble: RedisTrouble, words: TroubleWords = said): string | undefined {
  return passing.includes(trouble) ? undefined : (words[trouble] ?? said[trouble])[1];
}

/** @returns what to do, as sentences; also for a trouble that usually ends by itself, if it lasts */
export function remedyOf(trouble: RedisTrouble, words: TroubleWords = said): string {
  const mend = (words[trouble] ?? said[trouble])[1];
  if (passing.includes(trouble))
    return `Tidemark tries again by itself. If the trouble lasts: ${mend}.`;
  return `${mend.slice(0, 1).toUpperCase()}${mend.slice(1)}.`;
}

/** @returns a line for the log: what is wrong, and what to do */
export function troubleLine(trouble: RedisTrouble, words: TroubleWords = said): string {
  const [why, mend] = words[trouble] ?? said[trouble];
  return `${why}: ${mend}.`;
}

/**
 * @param cause what the client threw
 * @returns the first that fits; `failed` for what no answer and no connection explains
 */
export function readTrouble(cause: unknown): RedisTrouble {
  if (!(cause instanceof Error)) return "failed";
  const { name, message } = cause;
  switch (name) {
    case "TimeoutError":
      return "timeout";
    case "UpstashError":
      return refusalIn(message);
    case "UpstashJSONParseError":
      return pageIn(message.replace(/^Unable to parse response body: /, ""));
    case "TypeError":
      return clientMisread.test(message) ? "not-upstash" : "unreachable";
    // workerd: "Network connection lost.".
    case "Error":
      return "unreachable";
    default:
      return "failed";
  }
}

/** What the client says of JSON that has not the form of an answer, in the words of V8. */
const clientMisread =
  /^(?:Cannot (?:read|destructure)|Request did not return|.* is not (?:a function|iterable))/;

/** Of a command alone, or within a transaction, whose error quotes it. */
const part = /^Command \d+ \[ \w+ \] failed: /;

/** What discarded a transaction stands behind it. */
const discarded = /^EXECABORT Transaction discarded(?: because of)?: /;

/** At their beginning alone: what follows may be a client's own text. */
const refusals: readonly (readonly [RegExp, RedisTrouble])[] = [
  [/^(?:(?:ERR )?unauthorized|WRONGPASS|NOAUTH)\b/i, "token-refused"],
  [/^(?:ERR )?forbidden\b/i, "forbidden"],
  [/^(?:READONLY|NOPERM)\b/, "read-only"],
  [/^WRONGTYPE\b/, "wrong-type"],
  // A transaction of ours is well formed: what discards it without a reason is a lack of room.
  [/^(?:OOM\b|EXECABORT\b|ERR (?:max data size|DB capacity quota)\b)/, "full"],
  // A size is about one command; the others are of requests, commands, bandwidth or connections.
  [/^ERR max .{0,40}\bsize\b.{0,60}\bexceeded\b/, "too-large"],
  [/^ERR max .{0,60}\bexceeded\b/, "plan-used-up"],
  [/^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/, "busy"],
  [/^(?:ERR )?(?:too many requests|bad gateway|service unavailable|gateway time-?out)\b/i, "busy"],
  // JSON without the member `error`.
  [/^undefined\b/, "not-upstash"],
];

/** What servers before the database say, such as in the title of a page, whatever else it says. */
const pages: readonly (readonly [RegExp, RedisTrouble])[] = [
  // What Cloudflare answers a Worker in place of a host that has no address or does not answer.
  [/^error code: (?:1016|52\d|530)\b/, "unreachable"],
  [/^error code: (?:1015|429|50[234])\b/, "busy"],
  [/^(?:upstream (?:connect error|request timeout)|no healthy upstream)\b/, "busy"],
  [/\b(?:too many requests|bad gateway|gateway time-?out)\b/i, "busy"],
  [/\bservice (?:temporarily )?unavailable\b/i, "busy"],
  [/\b(?:request entity|payload|content) too large\b/i, "too-large"],
];

function refusalIn(message: string): RedisTrouble {
  const text = message.replace(part, "").replace(discarded, "");
  return refusals.find(([form]) => form.test(text))?.[1] ?? "refused";
}

/** @param text where JSON was expected */
function pageIn(text: string): RedisTrouble {
  const known = pages.find(([form]) => form.test(text))?.[1];
  if (known !== undefined) return known;
  const trouble = refusalIn(text);
  return trouble === "token-refused" || trouble === "forbidden" ? trouble : "not-upstash";
}
