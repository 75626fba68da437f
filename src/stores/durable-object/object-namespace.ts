// The binding of a class of Durable Objects.
import type { Reason } from "../../base/operator-error.ts";
import {
  jurisdictions,
  locationHints,
  type ObjectPlacement,
} from "../../protocol/object-placement.ts";
import type { ObjectStub } from "./object-client.ts";

/** The part of a namespace of Durable Objects that is used. */
export interface ObjectNamespace {
  idFromName(name: string): { toString(): string };
  get(id: object, options?: Pick<ObjectPlacement, "locationHint">): ObjectStub;
  jurisdiction?(name: string): ObjectNamespace;
}

/** Returns the objects of a binding in their place, or the reason why they cannot be used. */
export function placedObjects(
  env: Readonly<Record<string, unknown>>,
  { binding, className, ...place }: { binding: string; className: string } & ObjectPlacement,
): Pick<ObjectNamespace, "idFromName" | "get"> | Reason {
  const objects = env[binding];
  if (!isNamespace(objects)) {
    const why = `${binding} is not bound to a class of Durable Objects.`;
    const hint = `Write ${binding} under durable_objects.bindings of the wrangler file, with class_name ${className}.`;
    return { why, hint };
  }
  const { jurisdiction, locationHint, ...others } = place;
  const options = locationHint === undefined ? {} : { locationHint };
  const wrong =
    unknownIn(others) ??
    wrongIn("locationHint", locationHint, locationHints) ??
    wrongIn("jurisdiction", jurisdiction, jurisdictions);
  if (wrong !== undefined) return wrong;
  const within = jurisdiction === undefined ? objects : restricted(objects, jurisdiction);
  if ("why" in within) return within;
  return { idFromName: (name) => within.idFromName(name), get: (id) => within.get(id, options) };
}

function isNamespace(binding: unknown): binding is ObjectNamespace {
  return typeof binding === "object" && binding !== null && "idFromName" in binding;
}

function unknownIn(others: object): Reason | undefined {
  const [unknown] = Object.keys(others);
  if (unknown === undefined) return undefined;
  const why = `${JSON.stringify(unknown)} is not an option of these Durable Objects.`;
  return { why, hint: "Remove it, or correct its name: locationHint, jurisdiction, …" };
}

function wrongIn(option: string, value: string | undefined, valid: object): Reason | undefined {
  if (value === undefined || Object.hasOwn(valid, value)) return undefined;
  const why = `The option ${option} is ${JSON.stringify(value)}.`;
  return { why, hint: `Write one of ${Object.keys(valid).join(", ")}.` };
}

/** workerd on a developer's machine, which is the only place there, refuses all jurisdictions. */
function restricted(objects: ObjectNamespace, jurisdiction: string): ObjectNamespace | Reason {
  try {
    const within = objects.jurisdiction?.(jurisdiction);
    if (within !== undefined) return within;
  } catch (cause) {
    const isLocal = cause instanceof Error && cause.message.includes("not implemented in workerd");
    if (isLocal) return objects;
  }
  const why = `The runtime refuses the jurisdiction ${JSON.stringify(jurisdiction)}.`;
  return { why, hint: "Choose another one, or ask Cloudflare for access to it." };
}
