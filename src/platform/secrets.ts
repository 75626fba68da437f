// Reads the operator's secrets among the Worker's bindings: who may look, and who may purge.
import type { Fault } from "../operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";

/** Its text; why it is not usable; or `undefined` where it is not set. */
export type Secret = string | Fault | undefined;

const adminTokenCharsMin = 16;

/** ADMIN_TOKEN, which opens the operator's routes. */
export function adminTokenOf(env: Env): Secret {
  if (!isSet(env, "ADMIN_TOKEN")) return undefined;
  const token = textOf(env, "ADMIN_TOKEN");
  const unusable = (why: string): Fault => ({
    what: "ADMIN_TOKEN is not usable, so it opens nothing.",
    why,
    mend: `Set a random text of ${adminTokenCharsMin} characters or more, such as \`openssl rand -hex 24\` makes.`,
  });
  if (token === undefined) return unusable("It is not a text.");
  if (token.length < adminTokenCharsMin) {
    return unusable(`It has fewer than ${adminTokenCharsMin} characters and could be guessed.`);
  }
  return canBeBorne(token)
    ? token
    : unusable("It has a character that no Authorization field can carry.");
}

/**
 * PURGE_SECRET, which signs webhooks: one secret or more, with a space between. A secret that is
 * wrong must not shut out who signs with another.
 *
 * @param faults gets what is wrong, also where a part of it is usable
 */
export function purgeSecretsOf(env: Env, faults: Fault[]): Secret {
  if (!isSet(env, "PURGE_SECRET")) return undefined;
  const all = textOf(env, "PURGE_SECRET")?.split(/\s+/) ?? [];
  const usable = all.filter((secret) => /^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(secret));
  const isNone = usable.length === 0;
  if (!isNone && usable.length === all.length) return usable.join(" ");
  const fault = {
    what: isNone
      ? "PURGE_SECRET is not usable, so no signature is accepted."
      : `PURGE_SECRET is usable in part: ${all.length - usable.length} of its secrets cannot verify a signature.`,
    why: `${isNone ? "It" : "One"} is not whsec_ and base64 of at least 12 bytes.`,
    mend: "Write whsec_ and base64; several with a space between.",
  };
  faults.push(fault);
  return isNone ? fault : usable.join(" ");
}
