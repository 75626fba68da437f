// Which paths are ours: whatever somebody may read as `/_cache` or as `operatorPath`, or as something
// below one. Origins and routers decode, fold and resolve paths in ways of their own, and must be
// handed none of these.
import { withoutOverlong } from "./path-readings.ts";

/** Nothing to decode. */
const plain = /^[!-$&-[\]-~]*$/;
/** Reserved wherever the operator's routes are: what the Cache API holds for us has addresses there. */
const always = "_cache";
/** Encoded three times is more than any chain of readers decodes. */
const decodingsMax = 3;
/** No page has as many: a path of more that names ours anywhere is taken for ours. */
const segmentsMax = 256;
/** What some readers drop: white space, and what cannot be seen. */
const unseen = /[\p{Cc}\p{Cf}\p{Z}]/gu;

/**
 * @param path  as it came, or normalised
 * @param moved `operatorPath` of the configuration
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
  // To look at each name of a long path would cost more than all else that is done for a request.
  if (!folded.replaceAll(unseen, "").includes(ours)) return false;
  const segments = folded.split(/[/\\]/);
  if (segments.length > segmentsMax) return true;
  const all = segments.map((segment) => nameOf(segment, ours));
  const names = all.filter((name) => name !== "");
  if (isFirst(ours, names)) return true;
  // Two slashes may begin a host, after which comes the path.
  const beginsWithHost = /^[/\\]{2}/.test(folded);
  return beginsWithHost && isFirst(ours, names.slice(1));
}

/** With `.` and `..` resolved, or before they are. */
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
 * A name without what some readers drop: parameters, all after a NUL, white space, what cannot be
 * seen, and dots at its end.
 */
function nameOf(segment: string, ours: string): string {
  const visible = segment.replaceAll(unseen, "").replace(/[;?#].*$/s, "");
  if (visible === "." || visible === "..") return visible;
  const [upToNul = ""] = segment.replace(/^\0+/, "").split("\0", 1);
  return upToNul === ours ? ours : withoutDotsAtEnd(visible);
}

/** Not by an expression: it would look at many dots many times. */
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
