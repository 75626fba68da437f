// A report as an entry of the stream: what one isolate has counted since its last, and how it stands.
import * as z from "zod/mini";
import type { Sums } from "../observe/sums.ts";
import { formOf, jsonIn, sumsIn } from "./sums-text.ts";
import type { ColoState } from "./totals.ts";

/** Raised with every change of form that an older reader would take wrongly. */
const version = "1";

/** How an isolate stands, as it tells it itself. */
export type Gauges = Omit<ColoState, "atMs">;

/** What one isolate tells at once. */
export interface Report {
  /** Random: tells its entry from another that is given the same ID after a loss. */
  readonly n: string;
  /** Where the isolate runs; empty where nobody knows. */
  readonly colo: string;
  readonly sums: Sums;
  readonly gauges: Gauges;
}

/** An entry of the stream. */
export interface StandingReport {
  readonly id: string;
  /** Its own; empty for an entry that has none. */
  readonly n: string;
  /** When the database took it. */
  readonly atMs: number;
  /** `undefined`: it is of another version, or no report at all. */
  readonly report: Report | undefined;
}

/** No colo of Cloudflare's has more than a few letters; COLO may have any. */
const coloCharsMax = 64;

const amount = z.number().check(z.nonnegative());
const gaugesForm = z.object({
  lagMs: z.nullable(amount),
  lagWorstMs: z.nullable(amount),
  viewAgeMs: z.nullable(amount),
  memoryBytes: amount,
  memoryRecords: amount,
});

/** @returns names and values, as XADD takes them */
export function fieldsOf({ n, colo, sums, gauges }: Report): string[] {
  const d = JSON.stringify(formOf(sums));
  return Object.entries({
    v: version,
    n,
    colo: colo.slice(0, coloCharsMax),
    d,
    g: JSON.stringify(gauges),
  }).flat();
}

/** @param page a reply of XRANGE: `[[id, [name, value, …]], …]`. Never throws */
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
  const n = valueOf("n") ?? "";
  const atMs = Number(id.split("-", 1)[0]);
  const [colo, sums] = [valueOf("colo"), sumsIn(jsonIn(valueOf("d")))];
  const gauges = z.safeParse(gaugesForm, jsonIn(valueOf("g"))).data;
  const isOurs = valueOf("v") === version && n !== "" && colo !== undefined;
  const report = isOurs && sums && gauges ? { n, colo, sums, gauges } : undefined;
  return { id, n, atMs, report };
}

/** @returns the ID that comes next after this one: trimming to it leaves exactly what came later */
export function nextId(id: string): string {
  const [ms = "0", sequence = "0"] = id.split("-");
  const next = BigInt(sequence) + 1n;
  return next > sequenceMax ? `${BigInt(ms) + 1n}-0` : `${ms}-${next}`;
}

/** Of 64 bits. */
const sequenceMax = 2n ** 64n - 1n;

const listIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as unknown[]) : [];
