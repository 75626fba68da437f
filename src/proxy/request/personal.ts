// Finds personal requests: those with an unknown cookie or a field that looks like a credential. Only
// explicitly shared responses may answer them or be stored for them.
import type { KeyedFields } from "./forwarded-fields.ts";

/** The reason not to share a response between this client and others. */
export type PersonalRule = "unknown-cookie" | "credential-field";

/** The part of a request that may make it personal. */
export interface MayBePersonal {
  readonly hasUnknownCookie: boolean;
  readonly forwarded: Pick<KeyedFields, "credentials">;
}

/** Returns whether a request is personal. Personal requests are not collapsed with others. */
export function isPersonal({ hasUnknownCookie, forwarded }: MayBePersonal): boolean {
  return hasUnknownCookie || forwarded.credentials.length > 0;
}

/** The part of a response that allows sharing it between clients with credentials. */
export interface SharingTerms {
  /** The result of `sharedExplicitly` for its fields. */
  readonly isShared: boolean;
  /** The selecting fields. Clients with the same values share the response. */
  readonly selecting: readonly (readonly [name: string, value: string | null])[];
}

/** Returns why the response must not answer this request; `undefined` if it may. */
export function personalRule(
  asked: MayBePersonal,
  response: SharingTerms,
): PersonalRule | undefined {
  if (response.isShared) return undefined;
  if (asked.hasUnknownCookie) return "unknown-cookie";
  return credentialsIn(asked, response).length > 0 ? "credential-field" : undefined;
}

/** Returns the names of the request's credentials that are not selecting fields of the response. */
export function credentialsIn(
  { forwarded: { credentials } }: Pick<MayBePersonal, "forwarded">,
  { selecting }: Pick<SharingTerms, "selecting">,
): readonly string[] {
  if (credentials.length === 0) return credentials;
  return credentials.filter((name) => !selecting.some(([selected]) => selected === name));
}
