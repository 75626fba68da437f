// What Tidemark tells of a purge that it was only asked about.
import { isRecord, type Reader } from "./answer.ts";

/** Responses that were looked at, and those of them that the purge would cover. */
export interface Found {
  readonly examined: number;
  readonly covered: number;
}

export interface DryRun {
  /** What the order became: how many `tags`, `urls` and so on; `everything` is true or false. */
  readonly targets: Readonly<Record<string, number | boolean>>;
  /** What is named otherwise there than it was sent. */
  readonly readAs?: readonly { readonly sent: string; readonly as: readonly string[] }[];
  /** What a sender may not expect, in whole sentences. */
  readonly notes?: readonly string[];
  /** Of the memory of the isolate that answered. */
  readonly isolate: Found;
  /** `isWhole`: no more is stored there than was examined; `whyNotWhole`: a sentence, where more is. */
  readonly shared:
    | (Found & { readonly isWhole: boolean; readonly whyNotWhole?: string })
    | "unavailable"
    | "not configured";
  /** Some of the URLs that are covered. */
  readonly urls: readonly string[];
  /** What could not be looked at. */
  readonly limits: string;
}

export const dryRunReader: Reader<DryRun> = {
  what: "the result of a dry run",
  read: ({ dryRun, ...told }) => (dryRun === true && isDryRun(told) ? told : undefined),
};

function isDryRun(told: Record<string, unknown>): told is Record<string, unknown> & DryRun {
  const { targets, isolate, shared, urls, limits } = told;
  const isShared = shared === "unavailable" || shared === "not configured" || isFound(shared);
  const isWhole = isRecord(targets) && isFound(isolate) && isShared && Array.isArray(urls);
  return isWhole && typeof limits === "string";
}

function isFound(value: unknown): boolean {
  return (
    isRecord(value) && typeof value["examined"] === "number" && typeof value["covered"] === "number"
  );
}
