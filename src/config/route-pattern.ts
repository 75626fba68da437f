// Patterns of a route's `match`: a path, optionally preceded by a host.

/** The host part of a pattern. */
interface HostPattern {
  /** In lower case, with IDN in punycode, without a port. */
  readonly name: string;
  /** Whether the pattern is `*.name`, which matches hosts at any depth below `name`, but not `name`. */
  readonly isBelow: boolean;
  /** Digits; `undefined` matches any port. */
  readonly port: string | undefined;
}

/** One pattern of a route. */
export interface RoutePattern {
  /** The text in the configuration. */
  readonly text: string;
  /** `undefined` matches any host. */
  readonly host: HostPattern | undefined;
  /** The path without escapes, with `anyText` for `*` and `anySegment` for `:name`. */
  readonly path: string;
  /** The names of the path's `:names`. */
  readonly parameters: readonly string[];
}

/** Characters for private use, which stand for `*` and `:name` in the path of a pattern. */
export const [anyText, anySegment] = ["\uE000", "\uE001"] as const;

const ofExpressions = /\\.?|\.\*|\*\*|[()[\]{}|^$+]/;

/** Forms that match nothing, or not what they seem to match, with the reason and the right form. */
const pathFaults: readonly (readonly [form: RegExp, reason: string])[] = [
  [/[?#]/, 'but paths have no query: use query.allow, or a list such as ["/a", "/a/:b"]'],
  [/\s/, 'but URLs have no white space: remove it, or write "%20"'],
  [/\/(?:\.|%2e){1,2}(?=\/|$)/i, "but URLs have no dot segments: write the path without it"],
  [
    ofExpressions,
    'but is not a regular expression: use "*" for any text, ":name" for a segment, a list for ' +
      String.raw`alternatives, and "\" before a literal character, as in "\("`,
  ],
  [
    /\/(?![^/*:]*(?<!\w):\w+(?:\.[^/*:]*)?(?:\/|$))[^/]*:[^/]*/,
    String.raw`but a parameter is written as "/:name", "/@:name" or "/:name.html", and a colon as "\:"`,
  ],
  [/:(\w+)\b(?=.*:\1\b)/, "twice: give each parameter another name"],
];

const hostForm = /^(\*\.)?([^*@\\?#%\s]+?)(?::(\d{1,5}))?$/;

/** Returns the error for an invalid pattern; `undefined` for a valid one. */
export function patternFault(text: string): string | undefined {
  const [host, path] = partsOf(text);
  const isNoHost = host !== "" && readHost(host) === undefined;
  // A host would hide the character that makes the whole text a regular expression.
  if ((path === "" || isNoHost) && ofExpressions.test(withoutEscapes(text)))
    return faultOfPath(text);
  if (path === "") {
    const right =
      'write "*", a path that begins with "/", or a host and a path, such as "a.example/*"';
    return `${JSON.stringify(text)} matches nothing: ${right}`;
  }
  if (isNoHost) {
    const right = `write "/${text}" for a path, or a host and a path, such as "a.example/*"`;
    return `begins with ${JSON.stringify(host)}, which is not a valid host: ${right}`;
  }
  return faultOfPath(path);
}

/** Returns the text with a character in place of each escaped one, which is a literal. */
const withoutEscapes = (text: string) => text.replaceAll(/\\[^\w\s/\\?#]/g, "~");

function faultOfPath(path: string): string | undefined {
  const bare = withoutEscapes(path);
  for (const [form, reason] of pathFaults) {
    const [found] = form.exec(bare) ?? [];
    if (found !== undefined) return `has ${JSON.stringify(found)}, ${reason}`;
  }
  return undefined;
}

/**
 * Parses a pattern.
 *
 * @param text a valid pattern
 */
export function readPattern(text: string): RoutePattern {
  const [host, written] = partsOf(text);
  const parameters: string[] = [];
  const path = written.replaceAll(/\\(.)|\*|:(\w+)/g, (_, literal?: string, parameter?: string) => {
    if (parameter === undefined) return literal ?? anyText;
    parameters.push(parameter);
    return anySegment;
  });
  return { text, host: readHost(host), path, parameters };
}

/** Splits a pattern into host and path. `*` means every path of every host. */
function partsOf(text: string): readonly [host: string, path: string] {
  if (text === "*") return ["", "/*"];
  const slashAt = text.indexOf("/");
  return slashAt < 0 ? [text, ""] : [text.slice(0, slashAt), text.slice(slashAt)];
}

/**
 * Parses a host. Rejects a single word without `*.` and port, except `localhost`, because the word is
 * more likely a path without its slash.
 */
function readHost(text: string): HostPattern | undefined {
  const [, below, name = "", port] = hostForm.exec(text) ?? [];
  const url = `https://${name}:${port ?? "1"}`;
  const isWord = (below ?? port) === undefined && !/[.:]|^localhost$/i.test(name);
  if (isWord || !URL.canParse(url)) return undefined;
  return {
    name: new URL(url).hostname.replace(/\.$/, ""),
    isBelow: below !== undefined,
    port: port && String(Number(port)),
  };
}

const impliedPort = { http: "80", https: "443" } as const;

/**
 * Returns whether a pattern matches a host.
 *
 * @param host as in keys: lower case, with a port only if the scheme does not imply it
 */
export function fitsHost(
  pattern: HostPattern | undefined,
  { scheme, host }: { readonly scheme: "http" | "https"; readonly host: string },
): boolean {
  if (pattern === undefined) return true;
  const [, name = "", port = impliedPort[scheme]] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const isName = pattern.isBelow ? name.endsWith(`.${pattern.name}`) : name === pattern.name;
  return isName && (pattern.port === undefined || pattern.port === port);
}

/** Returns whether the earlier pattern matches every host that the later one matches. */
export function coversHost(
  earlier: HostPattern | undefined,
  later: HostPattern | undefined,
): boolean {
  if (earlier === undefined) return true;
  if (later === undefined) return false;
  const isSame = later.name === earlier.name && later.isBelow === earlier.isBelow;
  const isName = isSame || (earlier.isBelow && later.name.endsWith(`.${earlier.name}`));
  return isName && (earlier.port === undefined || earlier.port === later.port);
}
