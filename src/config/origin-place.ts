// The place of a route's pages at its origin: another path or host than the site's.
import type { WrittenRoute } from "./written-route.ts";
import type { WrittenRouteOrigin } from "./written-origin.ts";

/** Returns the place that `origin` of a route states. */
export function placeOf(origin: WrittenRoute["origin"]): WrittenRouteOrigin {
  return typeof origin === "object" ? origin : { name: origin };
}

/** The place of a route's pages at the origin. */
export type OriginPlace = NonNullable<ReturnType<typeof resolvedPlace>>;

/** Returns `undefined` for the site's path and host. */
export function resolvedPlace({ from = "/", to = "/", host }: WrittenRouteOrigin) {
  return from === to && host === undefined ? undefined : ({ from, to, host } as const);
}

/** Returns whether a path is another path, or below it. */
export function isWithin(path: string, above: string): boolean {
  return `${path}/`.startsWith(above === "/" ? "/" : `${above}/`);
}
