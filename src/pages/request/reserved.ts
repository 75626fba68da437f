// Detects reserved paths: those that some server may read as `/_cache`, `operatorPath`, or a path
// below either. Origins and routers decode, fold and resolve paths differently. No origin may
// receive a reserved path.
import { withoutOverlong } from "./path-readings.ts";

/** Visible ASCII without "%" and "\", which needs no decoding. */
const plain = /^[!-$&-[\]-~]*$/;
/**
 * A name that is reserved even if `operatorPath` is different, because records in the Cache API
 * have URLs below `/_cache`.
 */
const always = "_cache";
/** The number of decodings. No sequence of servers is assumed to decode a path more often. */
const decodingsMax = 3;
/** A path with more segments is treated as reserved if it contains a reserved name. */
const segmentsMax = 256;
/** White space and invisible characters, which some servers drop. */
const unseen = /[\p{Cc}\p{Cf}\p{Z}]/gu;

/**
 * Returns whether a path is reserved.
 *
 * @param path the path, as received or normalized
 * @param moved the configuration's `operatorPath`
 */
export function isReserved(path: string, moved = `/${always}`): boolean {
  const own = moved.slice(1);
  const folded = path.toLowerCase();
  if (plain.test(path) && !folded.includes(always) && !folded.includes(own)) return false;
  let read = path;
  for (let decodings = 0; decodings <= decodingsMax; decodings += 1) {
    if (mayBe(always, read) || (own !== always && mayBe(own, read))) return true;
    const decoded = unescaped(withoutOverlong(read));
    if (decoded === read) return false;
    read = decoded;
  }
  return false;
}

function mayBe(ours: string, path: string): boolean {
  const folded = path.normalize("NFKC").toLowerCase();
  // A cheap test comes first, because examining each segment of a long path would be expensive.
  if (!folded.replaceAll(unseen, "").includes(ours)) return false;
  const segments = folded.split(/[/\\]/);
  if (segments.length > segmentsMax) return true;
  const all = segments.map((segment) => nameOf(segment, ours));
  const names = all.filter((name) => name !== "");
  if (isFirst(ours, names)) return true;
  // After two slashes, some servers expect a host before the path.
  const beginsWithHost = /^[/\\]{2}/.test(folded);
  return beginsWithHost && isFirst(ours, names.slice(1));
}

/** Returns whether a reserved name is the first segment, before or after `.` and `..` are resolved. */
function isFirst(ours: string, names: readonly string[]): boolean {
  const resolved: string[] = [];
  for (const name of names) {
    if (name === "..") resolved.pop();
    else if (name !== ".") resolved.push(name);
    if (resolved[0] === ours) return true;
  }
  return false;
}

/**
 * Removes the parts of a name that some servers drop: parameters, text after a NUL, white space,
 * invisible characters, and final dots.
 */
function nameOf(segment: string, ours: string): string {
  const visible = segment.replaceAll(unseen, "").replace(/[;?#].*$/s, "");
  if (visible === "." || visible === "..") return visible;
  const [upToNul = ""] = segment.replace(/^\0+/, "").split("\0", 1);
  return upToNul === ours ? ours : withoutDotsAtEnd(visible);
}

/** Removes final dots in a loop. A regular expression would take quadratic time. */
function withoutDotsAtEnd(name: string): string {
  let end = name.length;
  while (name[end - 1] === ".") end -= 1;
  return name.slice(0, end);
}

const escapes = /(?:%[\da-f]{2})+|%u[\da-f]{4}/gi;

function unescaped(text: string): string {
  return text.replaceAll(escapes, (escape) => {
    if (/^%u/i.test(escape)) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    const bytes = escape.slice(1).split("%");
    return new TextDecoder().decode(Uint8Array.from(bytes, (hex) => Number.parseInt(hex, 16)));
  });
}
