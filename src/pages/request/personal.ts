// Detects personal requests, which have an unknown cookie or a field that looks like a credential.
// Only an explicitly shared response may answer a personal request. The response to a personal
// request is stored only if it is explicitly shared. Without an unknown cookie, a response that
// varies by all credentials of the request is also shared.
import type { Route } from "../../config/config.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import type { KeyedFields } from "./forwarded-fields.ts";

/** The reason not to share a response between this client and others. */
export type PersonalRule = "unknown-cookie" | "credential-field";

/** The parts of a request that may make it personal. */
export interface MayBePersonal {
  readonly hasUnknownCookie: boolean;
  readonly forwarded: Pick<KeyedFields, "credentials">;
}

/** Returns whether a request is personal. Personal requests are not collapsed with others. */
export function isPersonal({ hasUnknownCookie, forwarded }: MayBePersonal): boolean {
  return hasUnknownCookie || forwarded.credentials.length > 0;
}

/**
 * Returns why the response must not answer this request; `undefined` if it may.
 *
 * @param response.isShared the result of `sharedExplicitly` for the response's fields
 */
export function personalRule(
  request: MayBePersonal,
  response: Pick<StoredMetadata, "selecting"> & { readonly isShared: boolean },
): PersonalRule | undefined {
  if (response.isShared) return undefined;
  if (request.hasUnknownCookie) return "unknown-cookie";
  return credentialsIn(request, response).length > 0 ? "credential-field" : undefined;
}

/** Returns the names of the request's credentials that are not selecting fields of the response. */
export function credentialsIn(
  { forwarded: { credentials } }: Pick<MayBePersonal, "forwarded">,
  { selecting }: Pick<StoredMetadata, "selecting">,
): readonly string[] {
  if (credentials.length === 0) return credentials;
  return credentials.filter((name) => !selecting.some(([selected]) => selected === name));
}

/** Fields that state a client's identity or address. An origin may trust them. */
const ofOneClient: ReadonlySet<string> = new Set(
  (
    "authorization proxy-authorization cookie via forwarded x-forwarded-for x-real-ip " +
    "true-client-ip x-client-ip x-cluster-client-ip cf-connecting-ip cf-connecting-ipv6 " +
    "cf-pseudo-ipv4"
  ).split(" "),
);

/**
 * Returns whether a request on behalf of all clients may have this field. A field of `ofOneClient` is
 * never allowed. Other credentials and the platform's fields are allowed only if they are key fields.
 */
export function mayBeOfAll(name: string, { route }: { readonly route: Route }): boolean {
  if (ofOneClient.has(name)) return false;
  if (route.keyHeaders.includes(name)) return true;
  return !name.startsWith("cf-") && route.credentials.entryFor(name) === undefined;
}
