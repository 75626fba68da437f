// Classifies the errors of calls to Redis, and advises operators. The text of an error
// quotes commands and values, so it never leaves this file.
import { ofInvocation, platformWords, type RemoteTrouble, type TroubleWords } from "../trouble.ts";

/** The reason and the advice by kind of trouble, for Upstash's REST interface. */
export const upstashWords = {
  ...platformWords,
  "token-refused": ["Upstash refused the token (401)", "check UPSTASH_REDIS_REST_TOKEN"],
  forbidden: [
    "Upstash refused access (403)",
    "check UPSTASH_REDIS_REST_TOKEN, and from which addresses the database may be used",
  ],
  unreachable: [
    "The database cannot be reached",
    "check UPSTASH_REDIS_REST_URL, and that the database runs",
  ],
  "not-open": ["The connection is not open", "open it"],
  subscribed: [
    "The connection is in subscriber mode, which allows no other commands",
    "pass a connection of its own, such as `client.duplicate()`",
  ],
  timeout: ["The database does not answer in time", "check its load and its region"],
  busy: [
    "The database, or a server in front of it, is busy or starting",
    "if that lasts, check the log of the database, or its state in the console of Upstash",
  ],
  full: ["The database is full", "make room in the database"],
  "read-only": [
    "The token or the database is read-only",
    "set UPSTASH_REDIS_REST_TOKEN to a token that allows writes",
  ],
  "not-permitted": [
    "The token may not run a command that Tidemark needs",
    "set UPSTASH_REDIS_REST_TOKEN to a token that allows writes",
  ],
  "plan-used-up": ["The plan of the database is used up", "raise the limits of its plan"],
  "wrong-type": [
    "A key of Tidemark holds a value of another type",
    "delete that key, or set `namespace` to a name that nothing else uses",
  ],
  "not-saving": [
    "Redis cannot save to its disk, and so refuses writes",
    "free its disk, or correct its directory and permissions: the log of Redis names the error",
  ],
  "few-replicas": [
    "Redis has too few replicas, and so refuses writes (`min-replicas-to-write`)",
    "restore its replicas, or lower this setting",
  ],
  "needs-cluster": [
    "The server is a node of a cluster, and has only a part of the keys",
    "connect to the cluster: `new Cluster(…)` of ioredis, or `createCluster(…)` of node-redis",
  ],
  "unknown-command": [
    "The database lacks a command that Tidemark needs, such as EVAL_RO",
    "use Redis 7.0 or later, or Valkey",
  ],
  "not-upstash": [
    "The answer is not one of Upstash's REST interface",
    "check that UPSTASH_REDIS_REST_URL is the REST URL of the database, and that no server in front of it, such as a proxy, fails",
  ],
  "too-large": ["One command was too large for the database", "lower `limits.sharedBodyBytes`"],
  refused: [
    "The database refused a command",
    "check the log of the database, or its state in the console of Upstash",
  ],
  failed: ["A command to the database failed before it was sent", "check UPSTASH_REDIS_REST_URL"],
} as const satisfies Record<
  Exclude<RemoteTrouble, "other-version">,
  readonly [why: string, hint: string]
>;

/** @param renamed replaces the names of variables in a hint */
export const upstashWordsWith = (renamed: (hint: string) => string): TroubleWords =>
  Object.fromEntries(
    Object.entries(upstashWords).map(([kind, [why, hint]]) => [kind, [why, renamed(hint)]]),
  );

/** Texts for a separate journal database, which has its own variables. */
export const journalWords = upstashWordsWith((hint) =>
  hint.replaceAll("UPSTASH_REDIS_REST", "JOURNAL_REDIS_REST"),
);

/** Classifies an error: returns the first matching kind, or `failed`. */
export function readTrouble(cause: unknown): RemoteTrouble {
  if (!(cause instanceof Error)) return "failed";
  const { name, message } = cause;
  switch (name) {
    case "TimeoutError":
      return "timeout";
    case "PlatformLimit":
      return ofInvocation;
    case "ConnectionNotOpen":
      return "not-open";
    case "RedisRefusal":
      return refusalIn(message);
    case "NotRedis":
      return pageIn(message);
    // The error of `fetch`.
    case "TypeError":
    // workerd: "Network connection lost.".
    case "Error":
      return "unreachable";
    default:
      return "failed";
  }
}

/** The prefix of the error for a discarded transaction. The reason follows. */
const discarded = /^EXECABORT Transaction discarded(?: because of)?: /;

/** Server errors. Match only their beginning, because values may follow. */
const refusals: readonly (readonly [RegExp, RemoteTrouble])[] = [
  [/^(?:(?:ERR )?unauthorized|WRONGPASS|NOAUTH)\b/i, "token-refused"],
  [/^(?:ERR )?forbidden\b/i, "forbidden"],
  [/^READONLY\b/, "read-only"],
  [/^MISCONF\b/, "not-saving"],
  [/^NOREPLICAS\b/, "few-replicas"],
  [/^(?:MOVED|ASK|CROSSSLOT)\b/, "needs-cluster"],
  [/^NOPERM\b/, "not-permitted"],
  [/^ERR unknown command\b/, "unknown-command"],
  // The text of ioredis, and that of Redis to a connection with RESP2.
  [/^(?:Connection in subscriber mode\b|ERR Can't execute\b)/, "subscribed"],
  [/^WRONGTYPE\b/, "wrong-type"],
  // Tidemark's transactions are well-formed, so without a reason, only a lack of room discards
  // them.
  [/^(?:OOM\b|EXECABORT\b|ERR (?:max data size|DB capacity quota)\b)/, "full"],
  // A limit on size concerns one command. The other limits are on requests, commands, bandwidth or
  // connections.
  [/^ERR max .{0,40}\bsize\b.{0,60}\bexceeded\b/, "too-large"],
  [/^ERR max .{0,60}\bexceeded\b/, "plan-used-up"],
  [/^(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/, "busy"],
  [/^(?:ERR )?(?:too many requests|bad gateway|service unavailable|gateway time-?out)\b/i, "busy"],
];

/** Errors of servers in front of the database, anywhere in a page. */
const pages: readonly (readonly [RegExp, RemoteTrouble])[] = [
  // Cloudflare's answers to a Worker if a host is unknown or does not answer.
  [/^error code: (?:1016|52\d|530)\b/, "unreachable"],
  [/^error code: (?:1015|429|50[234])\b/, "busy"],
  [/^(?:upstream (?:connect error|request timeout)|no healthy upstream)\b/, "busy"],
  [/\b(?:too many requests|bad gateway|gateway time-?out)\b/i, "busy"],
  [/\bservice (?:temporarily )?unavailable\b/i, "busy"],
  [/\b(?:request entity|payload|content) too large\b/i, "too-large"],
];

function refusalIn(message: string): RemoteTrouble {
  const text = message.replace(discarded, "");
  return refusals.find(([form]) => form.test(text))?.[1] ?? "refused";
}

/**
 * Classifies a page by its content.
 *
 * @param text received instead of JSON
 */
function pageIn(text: string): RemoteTrouble {
  const known = pages.find(([form]) => form.test(text))?.[1];
  if (known !== undefined) return known;
  const trouble = refusalIn(text);
  return trouble === "token-refused" || trouble === "forbidden" ? trouble : "not-upstash";
}
