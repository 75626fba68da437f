// The distinct pages of a run, in the order of their sources.

/** A page of the site, and the fields that select its variant. */
export interface Page {
  /** The path with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The reason why a page of a source is skipped. */
export type SkipReason = "twice" | "other-host" | "no-url" | "operator-route" | "too-many";

/** The limit of pages. The list takes about 150 bytes of memory for each page. */
const pageCountMax = 1_000_000;
const pathCharactersMax = 8_192;
const examplesMax = 3;

export class PageList {
  readonly skipped: Record<SkipReason, number> = {
    twice: 0,
    "other-host": 0,
    "no-url": 0,
    "operator-route": 0,
    "too-many": 0,
  };
  /** The first hosts that are not the site's. */
  readonly otherHosts: string[] = [];
  /** The first texts that are not URLs or paths. */
  readonly noUrls: string[] = [];
  readonly #origin: string;
  readonly #operatorPath: string;
  readonly #hosts: ReadonlySet<string>;
  readonly #keys = new Set<string>();
  readonly #countMax: number;

  constructor(given: {
    readonly origin: string;
    readonly operatorPath: string;
    /** Hosts in addition to the site's own, normalized as in URLs. */
    readonly alsoHosts?: readonly string[];
    readonly countMax?: number;
  }) {
    const { origin, operatorPath, alsoHosts = [], countMax = pageCountMax } = given;
    this.#origin = origin;
    this.#operatorPath = operatorPath;
    this.#hosts = new Set([new URL(origin).host, ...alsoHosts]);
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#keys.size;
  }

  /** @param text a URL of the site, or a path that begins with a slash */
  add(text: string, headers?: Page["headers"]): "added" | SkipReason {
    const verdict = this.#verdict(text, headers);
    if (verdict !== "added") this.skipped[verdict] += 1;
    return verdict;
  }

  *[Symbol.iterator](): Generator<Page> {
    for (const key of this.#keys) {
      const [path = "", fields] = key.split("\n");
      yield fields === undefined ? { path } : { path, headers: JSON.parse(fields) };
    }
  }

  #verdict(text: string, headers: Page["headers"]): "added" | SkipReason {
    const trimmed = text.trim();
    const isAddress = /^(?:\/(?!\/)|https?:\/\/)/i.test(trimmed);
    const url = isAddress ? URL.parse(trimmed, this.#origin) : null;
    const isSecret = url !== null && (url.username !== "" || url.password !== "");
    const path = url === null ? "" : url.pathname + url.search;
    if (url === null || isSecret || path.length > pathCharactersMax) {
      const shown = isSecret ? `${url.protocol}//…@${url.host}` : trimmed.slice(0, 100);
      if (this.noUrls.length < examplesMax) this.noUrls.push(shown);
      return "no-url";
    }
    if (!this.#hosts.has(url.host)) {
      const { otherHosts } = this;
      if (otherHosts.length < examplesMax && !otherHosts.includes(url.host))
        otherHosts.push(url.host);
      return "other-host";
    }
    const { pathname } = url;
    if (pathname === this.#operatorPath || pathname.startsWith(`${this.#operatorPath}/`)) {
      return "operator-route";
    }
    const key = keyOf({ path, ...(headers && { headers }) });
    if (this.#keys.has(key)) return "twice";
    if (this.#keys.size >= this.#countMax) return "too-many";
    this.#keys.add(key);
    return "added";
  }
}

/** Returns a unique text for a page and its variant. Field names are in lower case and sorted. */
function keyOf({ path, headers = {} }: Page): string {
  const fields = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return fields.length === 0 ? path : `${path}\n${JSON.stringify(Object.fromEntries(fields))}`;
}
