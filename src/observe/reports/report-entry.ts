// A report as an entry of a stream: an isolate's counts since its previous report, and its gauges.
import { jsonIn, listIn } from "../../base/json-text.ts";
import type { Sums } from "../sums.ts";
import { formOf, sumsIn } from "./sums-text.ts";
import { type Gauges, gaugesIn } from "./totals.ts";

/** Incremented with every incompatible change of the format. */
const version = "1";

/** One report of an isolate. */
export interface Report {
  /** A random string that distinguishes entries with the same ID after a loss. */
  readonly n: string;
  /** The isolate's colo; empty if unknown. */
  readonly colo: string;
  /** How long before the report its counts began. */
  readonly coversMs: number;
  readonly sums: Sums;
  readonly gauges: Gauges;
}

/** An entry that is still in the stream. */
export interface StandingReport {
  readonly id: string;
  /** The entry's `n`; empty if missing or invalid. */
  readonly n: string;
  /** When the database stored the entry. */
  readonly atMs: number;
  /** `undefined` for an entry of another version, or for any other text. */
  readonly report: Report | undefined;
}

/** Cloudflare's colos have a few letters; the variable COLO may be longer. */
const coloCharsMax = 64;

/** The maximum size of a report's sums as UTF-8. */
export const sumsBytesMax = 8_192;
/** The maximum length of an accepted text of sums. No version of Tidemark writes a longer text. */
const sumsCharsMax = 2 * sumsBytesMax;

/** Scripts compare `n` byte by byte, so only characters that JSON does not escape are valid. */
const nForm = /^[\w-]{1,64}$/;

/** Returns the names and values for XADD. */
export function fieldsOf({ n, colo, coversMs, sums, gauges }: Report): string[] {
  const d = JSON.stringify(formOf(sums));
  return Object.entries({
    v: version,
    n,
    colo: colo.slice(0, coloCharsMax),
    d,
    g: JSON.stringify(gauges),
    ms: String(coversMs),
  }).flat();
}

/**
 * Parses a page. Never throws.
 *
 * @param page reply of XRANGE: `[[id, [name, value, …]], …]`
 */
export function reportsIn(page: unknown): StandingReport[] {
  return listIn(page).flatMap((item) => {
    const [id, words] = listIn(item);
    return typeof id === "string" && idForm.test(id) ? [standing(id, listIn(words))] : [];
  });
}

const idForm = /^\d+-\d+$/;

function standing(id: string, words: readonly unknown[]): StandingReport {
  const texts = words.map(String);
  const valueOf = (name: string): string | undefined => {
    const at = texts.findIndex((text, index) => index % 2 === 0 && text === name);
    return at < 0 ? undefined : texts[at + 1];
  };
  const written = valueOf("n") ?? "";
  const n = nForm.test(written) ? written : "";
  const atMs = Number(id.split("-", 1)[0]);
  const [colo = "", d = ""] = [valueOf("colo"), valueOf("d")];
  const hasRoom = colo.length <= coloCharsMax && d.length <= sumsCharsMax;
  const sums = hasRoom ? sumsIn(jsonIn(d), Number.MAX_SAFE_INTEGER) : undefined;
  const gauges = gaugesIn(jsonIn(valueOf("g")));
  const coversMs = Number(valueOf("ms") ?? 0);
  const isOurs =
    valueOf("v") === version &&
    n !== "" &&
    valueOf("colo") !== undefined &&
    coversMs >= 0 &&
    coversMs < Infinity;
  const report = isOurs && sums && gauges ? { n, colo, coversMs, sums, gauges } : undefined;
  return { id, n, atMs, report };
}

/**
 * Returns the smallest ID after an ID. XTRIM with this MINID removes the entry and all before it.
 */
export function nextId(id: string): string {
  const [ms = "0", sequence = "0"] = id.split("-");
  const next = BigInt(sequence) + 1n;
  return next > sequenceMax ? `${BigInt(ms) + 1n}-0` : `${ms}-${next}`;
}

/** The largest 64-bit sequence number. */
const sequenceMax = 2n ** 64n - 1n;
