// What makes a request one client's own: an unknown cookie, or a field that looks like a credential. Only
// what its origin shares explicitly may answer such a request, and only that of its answers is stored.
import type { KeyedFields } from "./forwarded-fields.ts";

/** Why a response must not be shared between this client and others. */
export type PersonalRule = "unknown-cookie" | "credential-field";

/** A request, as far as it may be one client's own. */
export interface MayBePersonal {
  readonly hasUnknownCookie: boolean;
  readonly forwarded: Pick<KeyedFields, "credentials">;
}

/** Is it one client's own? Then it waits for nobody, and nobody waits for it. */
export function isPersonal({ hasUnknownCookie, forwarded }: MayBePersonal): boolean {
  return hasUnknownCookie || forwarded.credentials.length > 0;
}

/** A response, as far as clients with credentials may share it. */
export interface Sharing {
  /** `sharedExplicitly` of the fields that govern it. */
  readonly isShared: boolean;
  /** The fields that select it: clients with the same values share it. */
  readonly selecting: readonly (readonly [name: string, value: string | null])[];
}

/** @returns why the response must not answer this request; `undefined` where it may */
export function personalRule(asked: MayBePersonal, response: Sharing): PersonalRule | undefined {
  if (response.isShared) return undefined;
  if (asked.hasUnknownCookie) return "unknown-cookie";
  return credentialsIn(asked, response).length > 0 ? "credential-field" : undefined;
}

/** @returns the names of its credentials by which the response is not selected */
export function credentialsIn(
  { forwarded: { credentials } }: Pick<MayBePersonal, "forwarded">,
  { selecting }: Pick<Sharing, "selecting">,
): readonly string[] {
  if (credentials.length === 0) return credentials;
  return credentials.filter((name) => !selecting.some(([selected]) => selected === name));
}
