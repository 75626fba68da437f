// Response fields that reveal caches: Cache-Status (RFC 9211), in which one entry is Tidemark's, Age, and
// fields of single products.
import { parseItem, Token } from "structured-headers";

/** The field of Cloudflare's cache, which Tidemark's own requests bypass. */
export const cloudflareField = "cf-cache-status";

const fieldsOfCaches = [
  "x-cache",
  "x-cache-status",
  "x-proxy-cache",
  "x-varnish-cache",
  "x-nginx-cache",
  "x-fastcgi-cache",
  "x-litespeed-cache",
  "x-drupal-cache",
  "x-vercel-cache",
  "x-wp-cache",
  cloudflareField,
];

/** The entry of one cache. */
interface Member {
  readonly name: string;
  /** The entry as written. */
  readonly text: string;
  readonly isHit: boolean;
  /** Empty if absent. */
  readonly detail: string;
  /** Tokens are converted to strings. */
  readonly parameters: ReadonlyMap<string, unknown>;
}

/** The caches in order, from the origin to the client. */
interface CacheMembers {
  /** Caches nearer to the origin than Tidemark. */
  readonly before: readonly Member[];
  /** Tidemark's entry; the last one if there are several. */
  readonly ours: Member | undefined;
  /** Caches nearer to the client. */
  readonly after: readonly Member[];
}

export function cacheMembers(headers: Headers): CacheMembers {
  const members = membersIn(headers);
  const at = members.findLastIndex(({ name }) => name === "tidemark");
  if (at < 0) return { before: members, ours: undefined, after: [] };
  return { before: members.slice(0, at), ours: members[at], after: members.slice(at + 1) };
}

/** Matches the text between commas outside quoted strings. */
const memberPattern = /(?:[^",]|"(?:[^"\\]|\\[^])*"?)+/g;

/** Parses each entry separately, so that a malformed one does not hide the others. */
function membersIn(headers: Headers): Member[] {
  const texts = (headers.get("cache-status") ?? "").match(memberPattern) ?? [];
  const members = texts.map((text) => text.trim()).filter((text) => text !== "");
  return members.map((text) => {
    const { name, parameters } = wellFormed(text) ?? malformed(text);
    const detail = parameters.get("detail");
    const isHit = parameters.get("hit") === true;
    return { name, text, isHit, detail: typeof detail === "string" ? detail : "", parameters };
  });
}

type NamedMember = Pick<Member, "name" | "parameters">;

function wellFormed(text: string): NamedMember | undefined {
  try {
    const [item, parameters] = parseItem(text);
    const plain = [...parameters].map(([name, value]) => [name, plainOf(value)] as const);
    return { name: String(plainOf(item)), parameters: new Map(plain) };
  } catch {
    return undefined;
  }
}

const plainOf = (value: unknown) => (value instanceof Token ? value.toString() : value);

/** Parses an entry that is not a valid structured field. Many caches send such entries. */
function malformed(text: string): NamedMember {
  const [name = "", ...others] = text.split(";").map((part) => part.trim());
  const isHit = others.includes("hit");
  return { name: name.replaceAll('"', ""), parameters: new Map(isHit ? [["hit", true]] : []) };
}

/** Returns whether Tidemark sent this response or error. */
export function isOurs(headers: Headers): boolean {
  return cacheMembers(headers).ours !== undefined || proxyError(headers) !== undefined;
}

/** Returns Tidemark's error in `Proxy-Status` (RFC 9209), such as `proxy_loop_detected`. */
export function proxyError(headers: Headers): string | undefined {
  return /(?:^|,)\s*tidemark;\s*error=([a-z_]+)/.exec(headers.get("proxy-status") ?? "")?.[1];
}

/** Returns the fields by which a cache reports a hit, such as `X-Cache: HIT`. */
export function cacheMarks(headers: Headers): { readonly field: string; readonly text: string }[] {
  const ageSeconds = Number(headers.get("age") ?? 0);
  const hits = membersIn(headers).filter(({ isHit }) => isHit);
  return [
    ...fieldsOfCaches.flatMap((field) => {
      const value = headers.get(field) ?? "";
      return /\bhit\b/i.test(value) ? [{ field, text: `${field}: ${value.slice(0, 60)}` }] : [];
    }),
    ...hits.map(({ text }) => ({
      field: "cache-status",
      text: `cache-status: ${text.slice(0, 60)}`,
    })),
    ...(ageSeconds > 0 ? [{ field: "age", text: `age: ${ageSeconds}` }] : []),
  ];
}
