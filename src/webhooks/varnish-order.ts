// Reads what a purge request of the Varnish dialect purges, from its method, URL and header fields.
import { utf8ReadAsLatin1 } from "../base/latin1.ts";
import type { Reason } from "../base/operator-error.ts";
import { quoted, tagBytes, tagBytesMax } from "../protocol/purge-order.ts";
import type { WebhookFields, WebhookOrder, WebhookRequest } from "./port/scheme.ts";
import { hostsIn, pathIn, tagsIn } from "./varnish-patterns.ts";

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
  const magento = headers.get("x-magento-tags-pattern");
  if (magento !== null) return byTagPattern("X-Magento-Tags-Pattern", magento, host);
  const keys = keyFields.flatMap((name) => headers.get(name) ?? []);
  if (keys.length > 0) return byTagList(keyFields.join(" or "), keys.join(" "));
  const tagField = tagFields.find((name) => headers.get(name) !== null);
  if (tagField !== undefined) {
    const tags = headers.get(tagField) ?? "";
    return method === "BAN" ? byTagPattern(tagField, tags, host) : byTagList(tagField, tags);
  }
  if (method === "PURGEKEYS") return { fault: noKeys };
  if (headers.get("clear-cache") === "true") return { hosts: [host] };
  const names = method === "BAN" ? ["x-host", "x-url", "x-content-type"] : ["x-url"];
  if (names.some((name) => headers.get(name) !== null)) {
    return byHostAndPath(headers, host);
  }
  return byRequestUrl({ method, url, headers });
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

const noKeys: Reason = {
  why: "The request has none of the fields xkey-purge, xkey and xkey-softpurge.",
  hint: "Send the keys in xkey-softpurge, separated by spaces.",
};
