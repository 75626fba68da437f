// The fields of an answer that are for the client that asked, and not stored.
import type { Config } from "../../config/config.ts";
import { type FieldLine, fieldsOf } from "../../http/fields.ts";
import { governingDirectives } from "../../http/governing-directives.ts";
import { connectionFields, qualifiedFieldNames } from "../../http/storable-fields.ts";
import { personalCookies } from "../request/cookies.ts";
import type { Asked } from "../request/plan.ts";
import { forClients } from "../respond/downstream.ts";
import { policyOf } from "../reuse/need.ts";
import { termsOf } from "../stored/lifetime.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

/** A request, and the configuration that it is handled by. */
interface Handled {
  readonly asked: Pick<Asked, "route">;
  readonly ports: { readonly config: Config };
}

/**
 * Fields that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7): not stored, but
 * meant for the client that is answered.
 */
export function fieldsForOneClient(
  received: Headers,
  stored: StoredMetadata,
  handled: Handled,
): FieldLine[] {
  const { directives } = termsOf(stored, policyOf(handled)).governing;
  const named = qualifiedFieldNames(directives);
  if (named.size === 0) return [];
  const dropped = connectionFields(received);
  const forClient = [...forClients(received, handled.ports.config)];
  const own = forClient.filter(([name]) => named.has(name) && !dropped.has(name));
  return withoutSharedCookies(own, received, handled);
}

/** Are fields among them that nobody else may see? What `no-cache` names is only to be validated. */
export function arePersonal(own: readonly FieldLine[], stored: StoredMetadata): boolean {
  if (own.length === 0) return false;
  const { private: named } = governingDirectives(fieldsOf(stored)).directives;
  const isNamed = (name: string) => typeof named === "object" && named.includes(name);
  return own.some(([name]) => name === "set-cookie" || isNamed(name));
}

/** @returns the fields without cookies that are nobody's own: these are dropped for all clients alike */
export function withoutSharedCookies(
  fields: readonly FieldLine[],
  received: Headers,
  { asked, ports }: Handled,
): FieldLine[] {
  const isPersonal = personalCookies(received, asked.route, ports.config).length > 0;
  return fields.filter(([name]) => isPersonal || name !== "set-cookie");
}
