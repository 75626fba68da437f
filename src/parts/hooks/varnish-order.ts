// Reads what a purge request of the Varnish dialect purges, from its method, URL and header fields. The
// regular expressions in them are alternations of literal tags or hosts, or a path with `.*` at its
// end. No expression is compiled, and reading takes linear time.
import { utf8ReadAsLatin1 } from "../../base/latin1.ts";
import type { Reason } from "../../base/operator-error.ts";
import { quoted, tagBytes, tagBytesMax } from "../../protocol/purge-order.ts";
import type { WebhookFields, WebhookOrder, WebhookRequest } from "./port/scheme.ts";

const magentoField = "X-Magento-Tags-Pattern";
/** Fields with a pattern of tags in a BAN, and with a list of tags in a PURGE. */
const tagFields = ["x-cache-tags", "cache-tags", "purge-cache-tags"];
const hardKeyFields = ["xkey-purge", "xkey"];
const keyFields = [...hardKeyFields, "xkey-softpurge"];

type Order = WebhookOrder | { readonly fault: Reason };

/**
 * Reads the order of a request. A restriction that a purge cannot express is left out, so the purge
 * covers more: the content type, and the host or path of a purge by tags.
 */
export function orderOf({ method, url, headers }: WebhookRequest): Order {
  const found = targetsOf({ method, url, headers });
  if ("fault" in found) return found;
  const isSoft =
    headers.get("x-magento-purge-soft") !== null ||
    (headers.get("xkey-softpurge") !== null &&
      hardKeyFields.every((name) => headers.get(name) === null));
  return { ...found, ...(isSoft ? { mode: "soft" } : {}), reason: `Varnish ${method}` };
}

function targetsOf({ method, url, headers }: WebhookRequest): Order {
  const host = URL.parse(url)?.host;
  if (host === undefined) return { fault: noHost };
  const isBan = method === "BAN";
  const isSent = (name: string) => headers.get(name) !== null;
  const hasText = (name: string) => (headers.get(name) ?? "").trim() !== "";
  // An empty field of tags is a fault only without another one.
  const isRead = [magentoField, ...keyFields, ...tagFields].some(hasText) ? hasText : isSent;
  const present = (names: readonly string[]) => names.filter(isRead);
  const lists = present(isBan ? keyFields : [...keyFields, ...tagFields]);
  const patterns = present(isBan ? [magentoField, ...tagFields] : [magentoField]);
  const orders = patterns.map((name) => byTagPattern(name, headers.get(name) ?? "", host));
  if (lists.length > 0) {
    orders.push(byTagList(lists.join(" and "), lists.map((name) => headers.get(name)).join(" ")));
  }
  if (orders.length > 0) return togetherOf(orders);
  if (headers.get("clear-cache") === "true") return { hosts: [host] };
  const names = isBan ? ["x-host", "x-url", "x-content-type"] : ["x-url"];
  if (names.some((name) => headers.get(name) !== null)) {
    return byHostAndPath(headers, host);
  }
  return byRequestUrl({ method, url, headers });
}

/** Joins orders of tags and hosts, because a request may name tags in several fields. */
function togetherOf(orders: readonly Order[]): Order {
  const fault = orders.find((order) => "fault" in order);
  const targets = orders.flatMap((order) => ("fault" in order ? [] : order));
  const tags = targets.flatMap((one) => one.tags ?? []);
  return fault ?? { tags, hosts: targets.flatMap((one) => one.hosts ?? []) };
}

function byTagPattern(field: string, pattern: string, host: string): Order {
  const tags = tagsIn(pattern);
  if (tags === "all") return { hosts: [host] };
  if (tags === undefined) return { fault: unreadable(field, pattern, tagPatterns) };
  return { tags: tags.flatMap(withParts) };
}

function byTagList(field: string, list: string): Order {
  const tags = list.split(/[ \t,|]+/).filter((tag) => tag !== "");
  if (tags.length > 0) return { tags };
  return { fault: { why: `${field} contains no tag.`, hint: "Send tags, such as news,news-7." } };
}

/**
 * Returns a tag, and its parts between white space, because most response fields with tags are also
 * split there. White space is only space and tab, because Node reads fields as Latin-1, where the
 * byte A0 is a space.
 */
function withParts(tag: string): string[] {
  const parts = tag.split(/[ \t]+/).filter((part) => part !== "");
  return parts.length > 1 && tagBytes(tag) <= tagBytesMax ? [tag, ...parts] : parts;
}

/** Reads the fields of FOSHttpCache. Varnish also matches a part of a host's name. */
function byHostAndPath(headers: WebhookFields, ownHost: string): Order {
  const pattern = (name: string) => {
    const field = headers.get(name) ?? ".*";
    return utf8ReadAsLatin1(field) ?? field;
  };
  const hostPattern = pattern("x-host");
  const urlPattern = pattern("x-url");
  const named = hostsIn(hostPattern);
  if (named === undefined) return { fault: unreadable("X-Host", hostPattern, hostPatterns) };
  const hosts =
    named === "all"
      ? [ownHost]
      : [...named, ...(named.some((one) => ownHost.includes(one)) ? [ownHost] : [])];
  const read = pathIn(urlPattern);
  if (read === undefined) return { fault: unreadable("X-Url", urlPattern, pathPatterns) };
  if (read.kind === "all") return { hosts };
  const urls = hosts.flatMap((host) => onBothSchemes(host, read.path));
  return read.kind === "path" ? { urls } : { prefixes: urls };
}

/** The end of a prefix: WordPress sends `.*`, and Drupal's wildcards often have only `*`. */
const open = /\.?\*$/;

/** Reads the URL of the request. It is a prefix in a BAN, and with `X-Purge-Method: regex`. */
function byRequestUrl({ method, url, headers }: WebhookRequest): Order {
  const [, host = "", path = ""] = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url) ?? [];
  const isPrefix = method === "BAN" || headers.get("x-purge-method") === "regex";
  if (!isPrefix) return { urls: onBothSchemes(host, path) };
  const prefix = path.replace(open, "");
  return prefix === "/" ? { hosts: [host] } : { prefixes: onBothSchemes(host, prefix) };
}

/** Returns the URL on both schemes, because a client often purges over another scheme. */
const onBothSchemes = (host: string, path: string) => [
  `https://${host}${path}`,
  `http://${host}${path}`,
];

const unreadable = (field: string, pattern: string, accepted: string): Reason => ({
  why: `${field} is ${quoted(pattern)}, which is not a pattern that Tidemark accepts.`,
  hint: accepted,
});

const tagPatterns =
  "Send literal tags as Magento, FOSHttpCache or Drupal do: ((^|,)a(,|$))|((^|,)b(,|$)), (^|,)(a|b)(,|$) or a|b. Escape special characters by a backslash. To purge the whole host, send .*";
const hostPatterns = "Send a host, hosts such as ^(a.example|b.example)$, or .*";
const pathPatterns =
  "Send a path such as ^/news/1$, a prefix such as ^/news/.*, or .* for the whole host. Escape special characters by a backslash.";

const noHost: Reason = {
  why: "The field Host is not a host.",
  hint: "Send the host of the pages in it, such as www.example.com.",
};

/** The pattern that matches everything. */
const anything = ".*";

/** Characters that have a meaning in a regular expression, unless a backslash precedes them. */
const special = /[\\^$|()[\]{}*+?]/;
const alphanumeric = /[0-9A-Za-z]/;

/** A wrapped Magento pattern has two levels. */
const depthMax = 4;

/** The names that a pattern matches, or `all`; `undefined` for a pattern of another form. */
type Names = readonly string[] | "all" | undefined;

/** The anchors around a name. `paired`: with this start, the end is required. */
interface Anchors {
  readonly start: string;
  readonly ends: readonly string[];
  readonly paired?: string;
}

/**
 * Magento sends `((^|,)a(,|$))|((^|,)b(,|$))`, FOSHttpCache `(^|,)(a|b)(,|$)`, older versions
 * `(a|b)(,.+)?$`, and Drupal `a|b`.
 */
const ofTags: Anchors = { start: "(^|,)", ends: ["(,.+)?$"], paired: "(,|$)" };
/** FOSHttpCache sends `^(a|b)$`. */
const ofHosts: Anchors = { start: "^", ends: ["$"] };

/** Reads a pattern of tags. A tag contains no comma, because commas separate tags. */
export function tagsIn(pattern: string): Names {
  const tags = namesIn(pattern, ofTags);
  return typeof tags === "object" && tags.some((tag) => tag.includes(",")) ? undefined : tags;
}

/** Reads a pattern of hosts. */
export function hostsIn(pattern: string): Names {
  return namesIn(pattern, ofHosts);
}

type PathPattern =
  | { readonly kind: "all" }
  /** A path, with its query if it has one; or the beginning of paths. */
  | { readonly kind: "path" | "prefix"; readonly path: string };

/**
 * Reads a pattern of paths: `^/a$` is a path, `^/a` and `^/a.*` are prefixes, and `/a.*` may match
 * any path.
 *
 * @returns `undefined` for a pattern of another form
 */
export function pathIn(pattern: string): PathPattern | undefined {
  const isAnchored = pattern.startsWith("^");
  const hasEnd = pattern.endsWith("$");
  const inner = pattern.slice(isAnchored ? 1 : 0, hasEnd ? -1 : undefined);
  const isOpen = inner.endsWith(anything);
  const text = literal(isOpen ? inner.slice(0, -anything.length) : inner);
  if (text === "" || text === "/") {
    if (isOpen || (isAnchored && !hasEnd)) return { kind: "all" };
  }
  if (text?.startsWith("/") !== true) return undefined;
  // Varnish matches a pattern without ^ anywhere in the path, such as /en/news/1 for /news/.*
  if (isOpen) return isAnchored ? { kind: "prefix", path: text } : { kind: "all" };
  return isAnchored ? { kind: hasEnd ? "path" : "prefix", path: text } : undefined;
}

function namesIn(pattern: string, anchors: Anchors): Names {
  if (pattern === anything) return "all";
  const reader = new AlternationReader(pattern, anchors);
  const names = reader.alternation(0);
  return names !== undefined && reader.isAtEnd ? [...new Set(names)] : undefined;
}

/** Reads `part *("|" part)`, where a part is a literal or a group between optional anchors. */
class AlternationReader {
  readonly #text: string;
  readonly #anchors: Anchors;
  #at = 0;

  constructor(text: string, anchors: Anchors) {
    this.#text = text;
    this.#anchors = anchors;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  alternation(depth: number): string[] | undefined {
    const names: string[] = [];
    do {
      const part = depth > depthMax ? undefined : this.#part(depth);
      if (part === undefined) return undefined;
      for (const name of part) names.push(name);
    } while (this.#takes("|"));
    return names;
  }

  #part(depth: number): string[] | undefined {
    const { start, ends, paired } = this.#anchors;
    const isStarted = this.#takes(start);
    const names = this.#takes("(") ? this.#group(depth) : this.#literal();
    if (names === undefined) return undefined;
    if (isStarted && paired !== undefined) return this.#takes(paired) ? names : undefined;
    ends.some((end) => this.#takes(end));
    return names;
  }

  #group(depth: number): string[] | undefined {
    const names = this.alternation(depth + 1);
    return this.#takes(")") ? names : undefined;
  }

  #literal(): string[] | undefined {
    const from = this.#at;
    while (!this.isAtEnd) {
      const character = this.#text.charAt(this.#at);
      if (character !== "\\" && special.test(character)) break;
      this.#at += character === "\\" ? 2 : 1;
    }
    const name = literal(this.#text.slice(from, this.#at));
    return name === undefined || name === "" ? undefined : [name];
  }

  #takes(text: string): boolean {
    const isNext = this.#text.startsWith(text, this.#at);
    if (isNext) this.#at += text.length;
    return isNext;
  }
}

/**
 * Removes the escapes that PHP's `preg_quote` adds. An unescaped dot is a literal dot, because few
 * clients escape hosts and paths.
 *
 * @returns `undefined` if the text is not a literal
 */
function literal(text: string): string | undefined {
  let read = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character !== "\\") {
      if (special.test(character)) return undefined;
      read += character;
      continue;
    }
    at += 1;
    const escaped = text.charAt(at);
    // A backslash before a letter or a digit is a class or a code, such as `\d`.
    if (escaped === "" || alphanumeric.test(escaped)) return undefined;
    read += escaped;
  }
  return read;
}
