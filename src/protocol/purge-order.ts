// The request body of `POST purge`, and its error messages.
import * as v from "valibot";
import { pathOf, strictObject } from "../base/schemas.ts";
import { jsonIn, repeatedName, tokensIn } from "../base/json-text.ts";
import { releaseIdForm, releaseIdPattern } from "../base/release-id.ts";
import type { Reason } from "../base/operator-error.ts";

export { isReleaseId, releaseIdForm } from "../base/release-id.ts";

export const reasonCharsMax = 512;

/** The name of the request field and of the cookie in which a client sends the position of a purge. */
export const positionName = "tidemark-position";

/** The maximum length of a webhook's id. The id is part of a journal entry of limited size. */
export const idCharsMax = 256;

/** The maximum length of a tag in bytes of UTF-8. No purge can name a longer tag. */
export const tagBytesMax = 256;

/**
 * Returns a tag's length in bytes of UTF-8, as in JSON and the journal. Counts by itself, because an
 * answer may have thousands of tags.
 */
export function tagBytes(tag: string): number {
  let bytes = 0;
  for (const character of tag) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

const names = (what: string) =>
  v.optional(v.array(v.string("must be a string"), `must be an array of ${what}`));

/** The maximum number of pages that a purge lets the site fetch again. */
export const refreshMax = 50;

/** The targets of a purge, and how to purge them. An order must name at least one target. */
export interface PurgeOrder {
  /** The tags of the responses. */
  readonly tags?: readonly string[] | undefined;
  /** The URLs of the responses, in all variants. Write the scheme that clients use. */
  readonly urls?: readonly string[] | undefined;
  /**
   * The beginnings of the URLs. Each prefix is a path on all hosts, such as `/news/`, or a URL, such as
   * `https://host/news/`.
   */
  readonly prefixes?: readonly string[] | undefined;
  /** The hosts of the responses. Name a port other than 80 and 443: `host:8443`. */
  readonly hosts?: readonly string[] | undefined;
  /** The routes under which the responses are stored. */
  readonly routes?: readonly string[] | undefined;
  /** `true`: all responses. */
  readonly everything?: boolean | undefined;
  /** The build that the origin now runs. Covers the pages of all builds, on routes with releases. */
  readonly release?: string | undefined;
  /** `soft` makes covered responses stale; `hard` forbids their use. Default: `hard`. */
  readonly mode?: "hard" | "soft" | undefined;
  /**
   * Pages that the site fetches again after the purge, up to 50: URLs of the site, or paths on the host of the
   * request. They are no targets.
   */
  readonly refresh?: readonly string[] | undefined;
  /** Whether to only report what the purge would cover. Default: `false`. */
  readonly dryRun?: boolean | undefined;
  /** A note for readers of the journal, up to 512 characters. */
  readonly reason?: string | undefined;
}

const releaseId = v.pipe(
  v.string(`must be ${releaseIdForm}`),
  v.regex(releaseIdPattern, `must be ${releaseIdForm}`),
);

const purgeOrder = strictObject(
  {
    tags: names("tags"),
    urls: names("URLs"),
    prefixes: names("prefixes"),
    hosts: names("hosts"),
    routes: names("route names"),
    everything: v.optional(v.boolean("must be true or false")),
    release: v.optional(releaseId),
    mode: v.optional(v.picklist(["hard", "soft"], 'must be "hard" or "soft"')),
    refresh: v.optional(
      v.pipe(
        v.array(v.string("must be a string"), "must be an array of URLs"),
        v.maxLength(refreshMax, `names more than ${refreshMax} pages`),
      ),
    ),
    dryRun: v.optional(v.boolean("must be true or false")),
    reason: v.optional(
      v.pipe(
        v.string("must be a string"),
        v.maxLength(reasonCharsMax, `is over ${reasonCharsMax} characters`),
      ),
    ),
  },
  (unknown) => `${unknown.map(quoted).join(", ")} is not a field of a purge`,
) satisfies v.GenericSchema<PurgeOrder>;

/** The schema of an order. Its type is opaque, because the package's types need no Valibot. */
export const purgeOrderSchema: unknown = purgeOrder;

const example = 'Send JSON such as {"tags": ["article:1"]}';

const hintByField: Readonly<Record<string, string>> = {
  tags: 'Write it as in "tags": ["article:1"].',
  urls: 'Write it as in "urls": ["https://www.example.com/a"].',
  prefixes: 'Write it as in "prefixes": ["/news/"].',
  hosts: 'Write it as in "hosts": ["www.example.com"].',
  routes: 'Write it as in "routes": ["article"].',
  everything: 'Write "everything": true, or leave it out.',
  release: 'Write it as in "release": "4f2c9a1".',
  mode: 'Write "mode": "hard" or "mode": "soft", or leave it out.',
  refresh: `Write up to ${refreshMax} pages, as in "refresh": ["/", "/news/"].`,
  dryRun: 'Write "dryRun": true, or leave it out.',
  reason: `Write a string of up to ${reasonCharsMax} characters, or leave it out.`,
};

/**
 * Parses and checks an order.
 *
 * @param body the text of the request
 */
export function readPurgeOrder(body: string): PurgeOrder | { readonly fault: Reason } {
  const written = jsonIn(body);
  if (written === undefined)
    return { fault: { why: "The body is not JSON.", hint: `${example}.` } };
  // A parser keeps the last member alone, and the names of the others would not be purged.
  const name = repeatedName(tokensIn(body));
  if (name === undefined) return checkedPurgeOrder(written, "The body");
  return { fault: { why: `The body has ${quoted(name)} twice.`, hint: "Write each field once." } };
}

/**
 * Checks an order.
 *
 * @param whole the name of the whole order in error messages, such as "The body"
 */
export function checkedPurgeOrder(
  written: unknown,
  whole: string,
): PurgeOrder | { readonly fault: Reason } {
  const checked = v.safeParse(purgeOrder, written);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  const place = pathOf(issue).map(String);
  const why = `${place.join(".") || whole} ${issue.message}.`;
  const fields = Object.keys(hintByField).join(", ");
  const hint = hintByField[place[0] ?? ""] ?? `${example}; the fields are ${fields}.`;
  return { fault: { why, hint } };
}

const quotedCharsMax = 200;

/** Quotes a sender's text for a message, and shortens it to 200 characters. */
export function quoted(text: string): string {
  const shown = text.length > quotedCharsMax ? `${text.slice(0, quotedCharsMax)}…` : text;
  return JSON.stringify(shown);
}
