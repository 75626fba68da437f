// The last No-Vary-Search of each path, which says under which URL to look. Whether the response
// found there may answer, its own field decides.
import { BoundedMarks } from "../base/bounded-map.ts";
import { Marks } from "../base/marks.ts";
import {
  canonicalQuery,
  isSameQuery,
  noVarySearchField,
  type UrlVariation,
  urlVariation,
} from "../rules/no-vary-search.ts";
import { type FieldLine, type Fields, fieldsOf } from "../rules/fields.ts";
import type { Target } from "./target.ts";

/** A client's URL that the form of its path makes equivalent to the canonical URL. */
export interface EquivalentUrl {
  /** The query of the client's URL, with only the parameters that the route keys. */
  readonly query: string;
  readonly canonicalQuery: string;
  readonly form: UrlVariation;
}

type PagePath = Pick<Target, "scheme" | "host" | "sentPath">;

const nameOf = ({ scheme, host, sentPath }: PagePath) => `${scheme}://${host}${sentPath}`;

/** The forms of one isolate, limited in bytes. Clients choose paths, and the origin fields. */
export class QueryForms {
  readonly #forms = new BoundedMarks<UrlVariation>(undefined, ({ text }) => text);
  /** Keys of canonical URLs whose last answer was for no other URL. Meanwhile, requests use their own URLs. */
  readonly #refuted = new Marks(600_000);
  readonly #nowAtMs: () => number;

  constructor(nowAtMs: () => number) {
    this.#nowAtMs = nowAtMs;
  }

  /** Returns the canonical query by the form of the path; `undefined` if it is the URL's own. */
  of(target: Target): EquivalentUrl | undefined {
    const { query } = target;
    const form = query === "" ? undefined : this.#forms.get(nameOf(target));
    if (form === undefined) return undefined;
    const canonical = canonicalQuery(query, form);
    return canonical === query ? undefined : { query, canonicalQuery: canonical, form };
  }

  /** Takes the form of a 200 that is stored under this key. Other responses teach nothing. */
  learn(metadata: StoredVariation & { readonly status: number }, at: LearnPlace): void {
    if (metadata.status !== 200 || !at.request.route.noVarySearch) return;
    const form = urlVariation(fieldsOf(metadata).get(noVarySearchField));
    if (form === undefined) return;
    this.#forms.set(nameOf(at.request.target), form);
    this.#refuted.forget(at.request.key.text);
  }

  /** Notes that the answer to a canonical URL was not for the client's URL. */
  refute({ request }: LearnPlace, status: number): void {
    this.#refuted.mark(request.key.text, this.#nowAtMs());
    // RFC 9110 §15.3.7: a 206 has the fields of its 200.
    if (status === 200 || status === 206) this.#forms.delete(nameOf(request.target));
  }

  /** Returns whether the answer to this canonical URL was lately not for the client's URL. */
  isRefuted({ key }: Pick<KeyedRequest, "key">): boolean {
    return this.#refuted.has(key.text, this.#nowAtMs());
  }
}

interface KeyedRequest {
  readonly target: PagePath;
  readonly key: { readonly text: string };
  readonly route: { readonly noVarySearch: boolean };
}

/** The part of a stored response with its No-Vary-Search. */
interface StoredVariation {
  readonly fields: readonly FieldLine[];
}

interface LearnPlace {
  readonly request: KeyedRequest;
}

/** The part of a request that may have another URL than its client's. */
interface AskedUrl {
  readonly own?: EquivalentUrl | undefined;
}

/**
 * Returns whether a response to a canonical URL may answer the client's URL, by the response's own
 * field.
 */
export function isForOwnUrl(fields: Fields, { own }: AskedUrl): boolean {
  if (own === undefined) return true;
  const text = fields.get(noVarySearchField);
  // The canonical query is derived by the form, so both URLs are equivalent under it.
  if (text === own.form.text) return true;
  return isSameQuery([own.query, own.canonicalQuery], urlVariation(text));
}

/** Returns whether a stored response may answer the client's URL. */
export function isStoredForOwnUrl(metadata: StoredVariation, asked: AskedUrl): boolean {
  return asked.own === undefined || isForOwnUrl(fieldsOf(metadata), asked);
}
