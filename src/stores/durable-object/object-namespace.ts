// The binding of a class of Durable Objects.
import type { ObjectStub } from "./object-client.ts";

/** The regions of Durable Objects (developers.cloudflare.com, "Data location"). */
export type LocationHint = "wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "oc" | "afr" | "me";

/** The part of a namespace of Durable Objects that is used. */
export interface ObjectNamespace {
  idFromName(name: string): { toString(): string };
  get(id: object, options?: { locationHint?: LocationHint }): ObjectStub;
}

export function isNamespace(binding: unknown): binding is ObjectNamespace {
  return typeof binding === "object" && binding !== null && "idFromName" in binding;
}
