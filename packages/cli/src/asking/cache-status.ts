// What Cache-Status tells of the caches that an answer has come through (RFC 9211), and whether it is Tidemark's.
import { parseItem, Token } from "structured-headers";

/** What one cache says. */
export interface Member {
  readonly name: string;
  /** As it was written. */
  readonly text: string;
  readonly isHit: boolean;
  /** Empty where there is none. */
  readonly detail: string;
  /** Tokens as their text. */
  readonly parameters: ReadonlyMap<string, unknown>;
}

/** The caches from the origin on. */
export interface CacheMembers {
  /** Those nearer to the origin. */
  readonly before: readonly Member[];
  /** Tidemark's, and the last of them if there are several. */
  readonly ours: Member | undefined;
  /** Those nearer to the client. */
  readonly after: readonly Member[];
}

export function cacheMembers(headers: Headers): CacheMembers {
  const members = membersIn(headers);
  const at = members.findLastIndex(({ name }) => name === "tidemark");
  if (at < 0) return { before: members, ours: undefined, after: [] };
  return { before: members.slice(0, at), ours: members[at], after: members.slice(at + 1) };
}

/** What stands between commas outside of quoted strings. */
const memberPattern = /(?:[^",]|"(?:[^"\\]|\\[^])*"?)+/g;

/** @returns each by itself: what one cache writes wrongly hides no other */
export function membersIn(headers: Headers): Member[] {
  const texts = (headers.get("cache-status") ?? "").match(memberPattern) ?? [];
  const members = texts.map((text) => text.trim()).filter((text) => text !== "");
  return members.map((text) => {
    const { name, parameters } = wellFormed(text) ?? malformed(text);
    const detail = parameters.get("detail");
    const isHit = parameters.get("hit") === true;
    return { name, text, isHit, detail: typeof detail === "string" ? detail : "", parameters };
  });
}

type Named = Pick<Member, "name" | "parameters">;

function wellFormed(text: string): Named | undefined {
  try {
    const [item, parameters] = parseItem(text);
    const plain = [...parameters].map(([name, value]) => [name, plainOf(value)] as const);
    return { name: String(plainOf(item)), parameters: new Map(plain) };
  } catch {
    return undefined;
  }
}

const plainOf = (value: unknown) => (value instanceof Token ? value.toString() : value);

/** Many caches write the field by hand. */
function malformed(text: string): Named {
  const [name = "", ...others] = text.split(";").map((part) => part.trim());
  const isHit = others.includes("hit");
  return { name: name.replaceAll('"', ""), parameters: new Map(isHit ? [["hit", true]] : []) };
}

/** Is it an answer, or a refusal, of Tidemark's? */
export function isOurs(headers: Headers): boolean {
  return cacheMembers(headers).ours !== undefined || proxyError(headers) !== undefined;
}

/** @returns the error that Tidemark names in `Proxy-Status` (RFC 9209), such as `proxy_loop_detected` */
export function proxyError(headers: Headers): string | undefined {
  return /(?:^|,)\s*tidemark;\s*error=([a-z_]+)/.exec(headers.get("proxy-status") ?? "")?.[1];
}
