// Reads the wrangler file of a folder: JSON with comments, or TOML.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ParseError, parse as parseJsonc, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml, TomlError } from "smol-toml";

/** A parsed object or table. */
export type Table = Readonly<Record<string, unknown>>;

export type WranglerFile =
  | { readonly kind: "absent" }
  | { readonly kind: "read"; readonly name: string; readonly table: Table }
  | { readonly kind: "malformed"; readonly name: string; readonly why: string };

/** The possible names, in the order of wrangler's search. */
export const wranglerNames = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"] as const;

/** Returns the file that wrangler uses. */
export async function readWranglerFile(folder: string): Promise<WranglerFile> {
  for (const name of wranglerNames) {
    const text = await textIfThere(join(folder, name));
    if (text !== undefined) {
      return name.endsWith(".toml") ? fromToml(name, text) : fromJson(name, text);
    }
  }
  return { kind: "absent" };
}

const ofCf = "cloudflare.config.ts";

/** Returns a note if the folder has the configuration of Cloudflare's command `cf`. */
export async function cfNotes(folder: string): Promise<readonly string[]> {
  if ((await textIfThere(join(folder, ofCf))) === undefined) return [];
  return [
    `${ofCf} of Cloudflare's command cf is not read. Bindings and routes must be in a wrangler file, and wrangler must deploy it: docs/deployment.md.`,
  ];
}

/** Error codes for a missing file, for a folder with the file's name, and for an invalid path. */
const absentCodes: readonly unknown[] = [
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ERR_INVALID_ARG_VALUE",
];

/** Returns the text without a byte order mark, as Wrangler reads it; `undefined` if there is no such file. */
export async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).replace(/^\uFEFF/, "");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (absentCodes.includes(code)) return undefined;
    throw cause;
  }
}

function fromJson(name: string, text: string): WranglerFile {
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) {
    const lines = text.slice(0, first.offset).split("\n");
    const place = { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
    return malformed(name, place, printParseErrorCode(first.error));
  }
  if (isTable(value)) return { kind: "read", name, table: value };
  return { kind: "malformed", name, why: "Line 1 does not begin an object." };
}

function fromToml(name: string, text: string): WranglerFile {
  try {
    return { kind: "read", name, table: parseToml(text) };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Use only the first line: later lines of the message quote the file, which may contain a secret.
    const [reason = ""] = cause.message.split("\n");
    return malformed(name, cause, reason);
  }
}

function malformed(
  name: string,
  { line, column }: { readonly line: number; readonly column: number },
  reason: string,
): WranglerFile {
  return { kind: "malformed", name, why: `Line ${line}, column ${column}: ${reason}.` };
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns an empty table for any other value. */
export function tableOf(value: unknown): Table {
  return isTable(value) ? value : {};
}

/** Returns the members that are tables; none if the value is not a list. */
export function tablesIn(value: unknown): Table[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

/** Returns the members that are strings; none if the value is not a list. */
export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Returns the classes of Durable Objects that `exports`, or else `migrations`, gives SQLite. */
export function sqliteClassesIn({ exports, migrations }: Table): string[] {
  const declared = Object.entries(tableOf(exports)).flatMap(([name, written]) =>
    isTable(written) && written["storage"] === "sqlite" ? [name] : [],
  );
  return [
    ...declared,
    ...tablesIn(migrations).flatMap((one) => textsIn(one["new_sqlite_classes"])),
  ];
}

/** Converts a date of TOML, which has its own type for dates. */
export function dateText(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === "string" ? value : undefined;
}

const [noStoreFrom, noStoreOn, noStoreOff] = [
  "2024-11-11",
  "cache_option_enabled",
  "cache_option_disabled",
];

/**
 * Returns the fault of a Worker whose `fetch` refuses `cache: "no-store"`, so that `createWorker` throws; `undefined` if
 * it accepts it. Without a date, Wrangler refuses to deploy.
 */
export function noStoreFault({
  date,
  flags,
}: {
  readonly date: string | undefined;
  readonly flags: readonly string[];
}) {
  const isOff = flags.includes(noStoreOff);
  const isOld = date !== undefined && date < noStoreFrom && !flags.includes(noStoreOn);
  if (!isOff && !isOld) return undefined;
  return {
    what: "The Worker does not start, so Cloudflare refuses the upload.",
    why: `Tidemark needs cache: "no-store" of fetch, which ${isOff ? `the flag ${noStoreOff} turns off` : `compatibility_date ${date} lacks`}.`,
    hint: isOff ? `Remove ${noStoreOff}.` : `Set compatibility_date to "${noStoreFrom}" or later.`,
  };
}
