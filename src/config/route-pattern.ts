// What a route's `match` is made of: patterns of a path, alone or below a host.

/** A host as a pattern names it. */
export interface HostPattern {
  /** As keys have it: in small letters, IDN in punycode, without a port. */
  readonly name: string;
  /** `*.name`: each host below it, at any depth, and not that host itself. */
  readonly isBelow: boolean;
  /** Digits; `undefined` for any port. */
  readonly port: string | undefined;
}

/** One pattern of a route. */
export interface RoutePattern {
  /** As it was written. */
  readonly text: string;
  /** `undefined` for any host. */
  readonly host: HostPattern | undefined;
  /** Literal segments, `:name`, and `*` at the end. */
  readonly path: string;
}

const pathForm = /^(?:\/(?::\w+|(?!:)[^/*?#]*))*(?:\/\*)?$/;
const hostForm = /^(\*\.)?([^*@\\?#%\s]+?)(?::(\d{1,5}))?$/;

/** @returns why a text is no pattern, as a refusal says it; `undefined` where it is one */
export function patternFault(text: string): string | undefined {
  const [host, path] = partsOf(text);
  if (path === "") {
    const right = 'write "*", a path that begins with "/", or a host and a path, as "a.example/*"';
    return `${JSON.stringify(text)} matches nothing: ${right}`;
  }
  if (host !== "" && readHost(host) === undefined) {
    const right = `write "/${text}" for a path, or a host as it stands in a URL, as "a.example/*"`;
    return `begins with ${JSON.stringify(host)}, which is no host of a site: ${right}`;
  }
  return pathForm.test(path)
    ? undefined
    : 'is not made of literal segments, ":name", and "*" as the last one';
}

/** @param text without a fault */
export function readPattern(text: string): RoutePattern {
  const [host, path] = partsOf(text);
  return { text, host: readHost(host), path };
}

/** All paths of all hosts are `*`, which is `/*`. */
function partsOf(text: string): readonly [host: string, path: string] {
  if (text === "*") return ["", "/*"];
  const slashAt = text.indexOf("/");
  return slashAt < 0 ? [text, ""] : [text.slice(0, slashAt), text.slice(slashAt)];
}

/** A single word is more likely a path without its slash than a host. */
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

/** @param host as keys have it: in small letters, with its port unless its scheme implies that */
export function fitsHost(
  pattern: HostPattern | undefined,
  { scheme, host }: { readonly scheme: "http" | "https"; readonly host: string },
): boolean {
  if (pattern === undefined) return true;
  const [, name = "", port = impliedPort[scheme]] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  const isName = pattern.isBelow ? name.endsWith(`.${pattern.name}`) : name === pattern.name;
  return isName && (pattern.port === undefined || pattern.port === port);
}

/** Does each host that fits the later pattern fit the earlier one too? */
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
