// Purges servers that accept requests such as PURGE and BAN, by templates: Varnish, nginx and others.
import type { OutwardCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions, chunks } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";
import type { Selection } from "../delivery/selection.ts";

/**
 * A request. Its texts may contain placeholders. `{secret}` is the credential. The other placeholders
 * belong to one kind of purge, and are empty in the others.
 */
export interface RequestTemplate {
  /** Default: `PURGE`. */
  readonly method?: string | undefined;
  /** The path and the query, which begin with a slash. Default: `/`. */
  readonly path?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface PurgeRequestsOptions extends TargetOptions {
  /** The scheme and the host of each server. Each is delivered to by itself. */
  readonly servers: readonly string[];
  /** Purges everything. */
  readonly everything: RequestTemplate;
  /**
   * Purges one URL: `{path}` with its query, `{host}`, and `{pattern}`, a regular expression for the
   * path and the query.
   */
  readonly byUrl?: (RequestTemplate & { readonly anyQuery?: boolean | undefined }) | undefined;
  /**
   * Purges what begins with `{path}`, with the regular expressions `{pattern}` and `{hostPattern}`.
   */
  readonly byPrefix?: RequestTemplate | undefined;
  /** Purges up to 100 tags: `{tags}` separated by spaces, and `{pattern}`, a regular expression for one of them. */
  readonly byTags?: RequestTemplate | undefined;
  /** The number of requests per second, and at once, to each server. Default: 50 and 200. */
  readonly rate?: { readonly perSecond: number; readonly burst: number } | undefined;
}

const tagsPerCall = 100;
const tagCharsPerCall = 4_000;
const methodForm = /^[A-Z]{1,16}$/;
const fieldNameForm = /^(?!host$)[!#$%&'*+.^_`|~\dA-Z-]+$/i;
type TemplateKind = "everything" | "byUrl" | "byPrefix" | "byTags";
const placeholder = /\{(\w+)\}/g;
const inUrls = ["path", "host", "pattern", "hostPattern"];
/** The placeholders for each kind of purge, besides `{secret}`. */
const placeholders: Readonly<Record<TemplateKind, readonly string[]>> = {
  everything: [],
  byUrl: inUrls,
  byPrefix: inUrls,
  byTags: ["tags", "pattern"],
};

/**
 * Makes a target for servers of your own. Without a template for a kind of purge, the next larger kind
 * is used.
 *
 * @example
 * outward({
 *   varnish: purgeRequests({
 *     servers: ["http://varnish.internal:6081"],
 *     everything: { method: "BAN", headers: { "x-ban-url": ".", "x-token": "{secret}" } },
 *   }),
 * })
 */
export function purgeRequests(options: PurgeRequestsOptions): OutwardTarget {
  const { servers, everything, byUrl, byPrefix, byTags, rate } = options;
  const templates = [everything, byUrl, byPrefix, byTags].filter((one) => one !== undefined);
  checkOptions("purgeRequests", options, [
    !(Array.isArray(servers) && servers.length > 0 && servers.every(isOrigin)) &&
      'servers is not a list of origins, such as ["http://varnish.internal:6081"].',
    rate !== undefined &&
      !(rate.perSecond > 0 && rate.burst >= 1) &&
      "rate has no requests per second, or no burst.",
    everything === undefined && "everything is missing: it purges what no other template can name.",
    templates.some(({ method = "PURGE" }) => !methodForm.test(method)) &&
      "A method does not consist of 1 to 16 capital letters.",
    templates.some(({ headers = {} }) =>
      Object.keys(headers).some((name) => !fieldNameForm.test(name)),
    ) && "headers has an invalid name, or Host, which fetch replaces with the server's own.",
    ...strangePlaceholders(options).map((name) => `{${name}} is no placeholder of its template.`),
    templates.some(({ path = "/" }) => !path.startsWith("/") && !path.startsWith("{path}")) &&
      "A path does not begin with a slash.",
  ]);
  const isOptional = !JSON.stringify(templates).includes("{secret}");
  return makeTarget(options, {
    credential: { noun: "secret that its templates send", isOptional },
    servers: [...new Set(servers)],
    api: (secret, server) => ({
      reach: {
        ...(byUrl && { url: byUrl.anyQuery === true ? "any-query" : "exact" }),
        ...(byPrefix && { prefix: "text", anyHost: true }),
        ...(byTags && { tag: (tag) => /^[!-~]{1,256}$/.test(tag) }),
      },
      limits: { requests: rate ?? { burst: 200, perSecond: 50 } },
      softens: false,
      callsFor: (selection) =>
        filledTemplates(selection, options).map(([template, values]) =>
          callOf(server, template, { ...values, secret }),
        ),
      sign: (call) => Promise.resolve(call),
    }),
  });
}

/** Returns the placeholders that would be empty. */
function strangePlaceholders(options: PurgeRequestsOptions): readonly string[] {
  return Object.entries(placeholders).flatMap(([kind, known]) => {
    const { path = "", headers = {} } = options[kind as TemplateKind] ?? {};
    const names = [path, ...Object.values(headers)].flatMap((text) =>
      [...text.matchAll(placeholder)].map(([, name = ""]) => name),
    );
    return names.filter((name) => name !== "secret" && !known.includes(name));
  });
}

type Values = Readonly<Record<string, string>>;

function filledTemplates(
  { everything: isAll, urls, prefixes, tags }: Selection,
  { everything, byUrl, byPrefix, byTags }: PurgeRequestsOptions,
): readonly (readonly [RequestTemplate, Values])[] {
  if (isAll) return [[everything, {}]];
  return [
    ...(byUrl
      ? urls.map((url) => [byUrl, valuesOfUrl(url, byUrl.anyQuery === true)] as const)
      : []),
    ...(byPrefix
      ? prefixes.map(({ host, path }) => {
          const hostPattern = host === "" ? "." : `^${asPattern(host)}$`;
          return [byPrefix, { host, path, hostPattern, pattern: `^${asPattern(path)}` }] as const;
        })
      : []),
    ...(byTags
      ? chunks(tags, tagsPerCall, tagCharsPerCall).map((some) => {
          // White space would end the pattern in a ban of Varnish.
          const pattern = `(^|[[:space:],])(${some.map(asPattern).join("|")})([[:space:],]|$)`;
          return [byTags, { tags: some.join(" "), pattern }] as const;
        })
      : []),
  ];
}

function valuesOfUrl(url: string, isAnyQuery: boolean): Values {
  const [, host = "", path = ""] = /^\w+:\/\/([^/]*)(.*)$/s.exec(url) ?? [];
  const hostPattern = `^${asPattern(host)}$`;
  return { host, path, hostPattern, pattern: `^${asPattern(path)}${isAnyQuery ? "([?]|$)" : "$"}` };
}

function callOf(
  server: string,
  { method = "PURGE", path = "/", headers = {} }: RequestTemplate,
  values: Values,
): OutwardCall {
  const filled = (text: string) =>
    text.replaceAll(placeholder, (_, name: string) => values[name] ?? "");
  const fields = Object.entries(headers).map(([name, text]) => [name, filled(text)] as const);
  const url = `${server.replace(/\/$/, "")}${filled(path)}`;
  return { method, url, headers: Object.fromEntries(fields), tokens: { requests: 1 } };
}

/** Escapes a text for PCRE. Uses classes, because a backslash may need another escape in VCL. */
function asPattern(text: string): string {
  return text.replaceAll(/[$()*+.?[\]{|}]/g, "[$&]").replaceAll(/[\\^]/g, "\\$&");
}

function isOrigin(text: unknown): boolean {
  // `fetch` refuses user names, and a fragment would swallow the path of a purge.
  return typeof text === "string" && /^https?:\/\/[^/?#@\\]+\/?$/.test(text) && URL.canParse(text);
}
