// The values by which a configuration names the parts of its site. A Worker bundles only the parts that its
// configuration imports.

import type { Patterns } from "./path-parameters.ts";

/** A part of the whole site, for `parts` of a configuration, such as `operate()`. */
export interface SitePart {
  readonly kind: "site";
  /** The name of its function, and of its export: `operate` of `tidemark/operate`. */
  readonly name: string;
  /** The names of other parts of the site that it needs. */
  readonly needs?: readonly string[];
  /** Response fields in which origins of such a site send tags, in lower case. */
  readonly tagFields?: readonly string[];
  /** `PartContents` of the same copy of the package. */
  readonly contents: unknown;
}

/** A part of a route, for `use`, such as `slices()`. */
export interface RoutePart extends Omit<SitePart, "kind" | "needs" | "tagFields"> {
  readonly kind: "route";
  /** The differences in the core on the route. */
  readonly traits: RouteTraits;
  /** The options of the route, in a form of the part's own. */
  readonly options?: unknown;
  /** Whether the part has no effect on a route that stores nothing. */
  readonly isForStored?: boolean;
  /** Returns why the part cannot be on a route, and how to fix that. */
  readonly faultOn?: (route: PartedRoute) => string | undefined;
}

/** The differences in the core on a route with a part. */
export interface RouteTraits {
  /** Whether a body holder may store bodies apart from their records. */
  readonly holdsBodies?: boolean | undefined;
  /** Whether pages are assembled from bodies that are whole and without a coding. */
  readonly assembles?: boolean | undefined;
  /** `Surrogate-Capability` for the origin, whose `Surrogate-Control` then reaches the part. */
  readonly surrogateCapability?: string | undefined;
  /** Whether the content of a QUERY is a part of its key (RFC 10008). Otherwise QUERY bypasses the cache. */
  readonly keysContent?: boolean | undefined;
  /** `named`: answers name the build that made them; `shared`: all builds of the application share responses. */
  readonly builds?: "named" | "shared" | undefined;
  /** The origins that may answer while the route's own fails, in order. */
  readonly fallbacks?: readonly string[] | undefined;
  /** Whether they are asked before a stale response answers. */
  readonly asksFallbacksFirst?: boolean | undefined;
  /** Whether one origin request answers the concurrent requests of all isolates, which then wait for its fill. */
  readonly collapsesGlobally?: boolean | undefined;
  /** Whether a rule changes bodies, which must then have no coding. */
  readonly filters?: boolean | undefined;
  /** Whether each answer gets nonces of its own, in its policy and in its body, which must then have no coding. */
  readonly replacesNonces?: boolean | undefined;
  /** Request fields of the key whose values a rule gives, in lower case. */
  readonly keyed?: readonly string[] | undefined;
  /** Whether a rule decides on each request before its lookup. */
  readonly admits?: boolean | undefined;
  /** Whether a rule checks credentials. */
  readonly isGated?: boolean | undefined;
  /** Request fields with the credentials that a rule checks, in lower case. */
  readonly checked?: readonly string[] | undefined;
  /** Query parameters with the credentials that a rule checks. They are part of no key. In the spelling of `comparedName`. */
  readonly checkedQuery?: readonly string[] | undefined;
}

interface WrittenLines {
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly add?: Readonly<Record<string, string>> | undefined;
}

/** The fields of a route that may contradict its parts. */
export interface PartedRoute {
  readonly match?: Patterns | undefined;
  readonly use?: readonly RoutePart[] | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly tiers?: readonly string[] | undefined;
  readonly origin?: string | { readonly name?: string | undefined } | undefined;
  readonly response?: { readonly headers?: WrittenLines | undefined } | undefined;
  readonly key?:
    | {
        readonly headers?: readonly string[] | undefined;
        readonly cookies?: readonly string[] | undefined;
      }
    | undefined;
  readonly fresh?: string | Readonly<Record<string, string>> | undefined;
  readonly negative?: Readonly<Record<string, string>> | undefined;
}

/** Returns whether a value is a part of a kind. */
export function isPart<Kind extends "site" | "route">(
  value: unknown,
  kind: Kind,
): value is (SitePart | RoutePart) & { readonly kind: Kind } {
  return (
    typeof value === "object" &&
    value !== null &&
    "contents" in value &&
    "kind" in value &&
    value.kind === kind
  );
}

/** Returns the options of a part on a route; `undefined` if the route does not use the part. */
export const optionsOf = ({ use }: { readonly use: readonly RoutePart[] }, name: string): unknown =>
  use.find((part) => part.name === name)?.options;
