// The error of a sink: the failed statement, and the database's message without addresses and
// quoted values.

/** Limits in characters: the statement's start and end, and the message. */
const [sqlHeadChars, sqlTailChars, wordsCharsMax] = [100, 300, 300];

/** The error for a statement that the database has not confirmed. */
export class SinkError extends Error {
  override readonly name: string;
  /** The database's message and error code without quoted values, and the shortened statement. */
  readonly safeDetail: string;
  /** Whether the database refused a row for its content, and so applied nothing of the chunk. */
  readonly refusesRow: boolean;

  constructor(cause: unknown, sql: string) {
    const origin = originOf(cause);
    const detail = `${wordsOf(origin)} SQL: ${shortened(sql)}`;
    super(detail, { cause: origin });
    this.safeDetail = detail;
    this.refusesRow = isOfRow(origin);
    this.name = origin instanceof Error ? origin.name : "SinkError";
  }
}

/** Runs a statement. If it fails, the error names the statement. */
export function named<Answer>(sql: string, run: () => Answer): Answer {
  try {
    return run();
  } catch (cause) {
    throw new SinkError(cause, sql);
  }
}

/** Runs an asynchronous statement. If it fails, the error names the statement. */
export async function namedLater<Answer>(sql: string, run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (cause) {
    throw new SinkError(cause, sql);
  }
}

/** Returns the innermost error. Query builders wrap it in an error that quotes the parameters. */
function originOf(cause: unknown): unknown {
  let origin = cause;
  while (origin instanceof Error && origin.cause instanceof Error) origin = origin.cause;
  return origin;
}

/** The SQLSTATE of a data exception or a violated constraint. */
const stateOfRow = /^2[23][\dA-Z]{3}$/;
/** Matches errors that concern a row but have another SQLSTATE, or none. */
const ofRow = /SQLITE_(?:CONSTRAINT|TOOBIG|MISMATCH)|constraint failed|string or blob too big/;
/** SQLite's TOOBIG, CONSTRAINT and MISMATCH. */
const sqliteCodesOfRow = [18, 19, 20];

function isOfRow(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  const { code, errcode } = cause as { code?: unknown; errcode?: unknown };
  if (typeof errcode === "number" && sqliteCodesOfRow.includes(errcode & 0xff)) return true;
  const text = typeof code === "string" ? code : "";
  return stateOfRow.test(text) || ofRow.test(`${text} ${cause.message}`);
}

const cut = (text: string, charsMax: number) =>
  text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;

/** Shortens a statement. Keeps its start, and its end, which names the written table. */
function shortened(sql: string): string {
  const line = sql.replaceAll(/\s+/g, " ");
  if (line.length <= sqlHeadChars + sqlTailChars) return line;
  return `${line.slice(0, sqlHeadChars)}…${line.slice(-sqlTailChars)}`;
}

function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "The database failed.";
  const { code, syscall } = cause as { code?: unknown; syscall?: unknown };
  const hasCode = typeof code === "string" || typeof code === "number";
  const by = hasCode ? ` (${cut(String(code), 40)})` : "";
  // Network errors contain the database's address.
  if (typeof syscall === "string" || cause.message === "") {
    return `The database cannot be reached${by}.`;
  }
  const [line = ""] = cause.message.split("\n");
  return `The database answered: ${cut(withoutValues(line), wordsCharsMax)}${by}.`;
}

const quoted = /(?<before>\w+)?(?<space>[ :(=]*)(?:"[^"]*"|'[^']*')/g;
/** Words that precede a quoted name of the schema. */
const ofSchema =
  /^(?:relation|column|table|constraint|index|key|type|schema|encoding|trigger|function|database)$/i;

/** Removes quoted values. Keeps quoted names, which follow a word of `ofSchema`. */
function withoutValues(text: string): string {
  return text
    .replaceAll(quoted, (all, before: string | undefined, space: string) => {
      const isName = before !== undefined && ofSchema.test(before) && space === " ";
      return isName ? all : `${before ?? ""}${space}"…"`;
    })
    .replaceAll(/\w+:\/\/\S+/g, "…")
    .replace(/(?:=|\))\(.*$/, "=(…)");
}
