// Ends the lifetimes of an answer for caches downstream at the instant of a scheduled purge
// (docs/purge-protocol-special.md, rule 30 e).
import { parseDirectives, responseDirectives } from "../../rules/cache-control.ts";
import { browserLifetimeSeconds } from "../../rules/browser-lifetime.ts";
import { statedAgeSeconds } from "../../rules/freshness.ts";
import { addDirective } from "./downstream.ts";

const lifetimes = ["max-age", "s-maxage", "cache-maxage", "downstream-ttl"];
/** Directives by which a cache uses an answer after or regardless of its lifetime. */
const beyond = ["immutable", "stale-while-revalidate", "stale-if-error"];

/**
 * Returns the fields of an answer with lifetimes that end by an instant. Changes nothing if they are
 * shorter, and never changes the given object.
 *
 * @param endsAtMs the instant in epoch milliseconds; ∞ for none
 */
export function endingBy(
  endsAtMs: number,
  fields: Headers,
  { nowAtMs, status }: { readonly nowAtMs: () => number; readonly status: number },
): Headers {
  if (endsAtMs === Infinity) return fields;
  const atMs = nowAtMs();
  const leftMs = endsAtMs - atMs;
  // A lifetime counts from the generation of the answer (RFC 9111 §4.2).
  const most = Math.max(0, statedAgeSeconds(fields) + Math.floor(leftMs / 1_000));
  const ended = new Headers(fields);
  for (const name of [...fields.keys()].filter(hasDirectives)) limit(ended, name, most);
  limitOfProxy(ended, most, endsAtMs);
  const { noStore, maxAgeSeconds } = responseDirectives(fields);
  if (noStore || maxAgeSeconds !== undefined) return ended;
  if (browserLifetimeSeconds({ status, fields, receivedAtMs: atMs }) <= most) return ended;
  ended.delete("expires");
  addDirective(ended, `max-age=${most}`);
  return ended;
}

const hasDirectives = (name: string) =>
  name === "surrogate-control" || name === "edge-control" || name.endsWith("cache-control");

/** Limits the lifetimes in one field. */
function limit(fields: Headers, name: string, most: number): void {
  const directives = parseDirectives(fields.get(name));
  const isLonger = ({ name: directive, argument }: (typeof directives)[number]) =>
    lifetimes.includes(directive) && !(Number(argument) <= most);
  const outlasts = directives.some((one) => isLonger(one) || beyond.includes(one.name));
  if (!outlasts) return;
  const kept = directives.filter((one) => !beyond.includes(one.name));
  // Caches of vendors know arguments such as `30+600` and `10m`.
  const limited = (argument = "") => Math.min(most, Math.max(0, parseInt(argument, 10) || 0));
  const texts = kept.map((one) =>
    isLonger(one) ? `${one.name}=${limited(one.argument)}` : one.text,
  );
  if (texts.length === 0) fields.delete(name);
  else fields.set(name, texts.join(", "));
}

/** Limits `X-Accel-Expires` of nginx: seconds, or `@` and seconds of the epoch. */
function limitOfProxy(fields: Headers, most: number, endsAtMs: number): void {
  const text = fields.get("x-accel-expires");
  if (text === null) return;
  const [mark, latest] = text.startsWith("@") ? ["@", Math.floor(endsAtMs / 1_000)] : ["", most];
  if (Number(text.slice(mark.length)) > latest) fields.set("x-accel-expires", `${mark}${latest}`);
}
