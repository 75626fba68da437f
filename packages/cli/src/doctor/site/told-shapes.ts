// Whether what a site tells has the form that doctor reads: another version, or something else, may have answered.
import type { HealthTold, MetricsTold, StatsTold } from "../../../../../src/admin/protocol.ts";

type Fields = Readonly<Record<string, unknown>>;

export function isHealth(value: unknown): value is HealthTold {
  if (!isObject(value)) return false;
  const { at, colo, findings, notLookedAt } = value;
  const isTime = at === null || isText(at);
  return isTime && isText(colo) && isListOf(findings, isFinding) && isListOf(notLookedAt, isText);
}

export function isStats(value: unknown): value is StatsTold {
  if (!isObject(value)) return false;
  const isFault = (one: unknown) => hasTexts(one, ["what", "why", "mend"]);
  return isListOf(value["faults"], isFault) && isListOf(value["configuredRoutes"], isRoute);
}

export function isMetrics(value: unknown): value is MetricsTold {
  if (!isObject(value)) return false;
  const { boundsSeconds, counters, histograms } = value;
  const isCounter = (one: unknown) => isSeries(one) && isNumber(one["value"]);
  const isHistogram = (one: unknown) => isSeries(one) && isListOf(one["counts"], isNumber);
  return (
    isListOf(boundsSeconds, isNumber) &&
    isListOf(counters, isCounter) &&
    isListOf(histograms, isHistogram)
  );
}

const levels: readonly unknown[] = ["critical", "warning", "info"];

function isFinding(value: unknown): boolean {
  if (!hasTexts(value, ["code", "what", "cause", "remedy"])) return false;
  const { level, about } = value;
  return levels.includes(level) && (about === undefined || isText(about));
}

function isRoute(value: unknown): boolean {
  if (!hasTexts(value, ["name"])) return false;
  const { match, bypass, originTimeoutSeconds } = value;
  return isListOf(match, isText) && typeof bypass === "boolean" && isNumber(originTimeoutSeconds);
}

function isSeries(value: unknown): value is Fields {
  if (!hasTexts(value, ["name"])) return false;
  const { labels } = value;
  return isObject(labels) && Object.values(labels).every(isText);
}

function hasTexts(value: unknown, names: readonly string[]): value is Fields {
  return isObject(value) && names.every((name) => isText(value[name]));
}

function isListOf(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}
