// Reads the operator's secrets from the Worker's bindings: ADMIN_TOKEN and PURGE_SECRET.
import type { Fault } from "../../base/operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";
import { databaseVariables } from "./database.ts";
import { guessableBy, guessablePurgeSecretBy, isFewWords, textIn } from "./weak-secrets.ts";

/** The secret; a fault if it is unusable; `undefined` if it is not set. */
export type Secret = string | Fault | undefined;

const adminTokenCharsMin = 16;

/**
 * Reads ADMIN_TOKEN, which opens the operator's routes. Rejects a token that others have or could
 * guess. Pages and signed purges work without a token.
 */
export function adminTokenOf(env: Env): Secret {
  if (!isSet(env, "ADMIN_TOKEN")) return undefined;
  const token = textOf(env, "ADMIN_TOKEN");
  const why = token === undefined ? "It is not a string." : adminTokenFault(token, env);
  if (why === undefined) return token;
  const what = "ADMIN_TOKEN is not usable, so the operator's routes are closed.";
  return { what, why, hint: hintOfAdminToken };
}

const hintOfAdminToken = `Set a random string of ${adminTokenCharsMin} characters or more, such as the output of \`openssl rand -hex 24\`.`;

function adminTokenFault(token: string, env: Env): string | undefined {
  if (token.length < adminTokenCharsMin) {
    return `It has fewer than ${adminTokenCharsMin} characters and could be guessed.`;
  }
  if (!canBeBorne(token)) return "It has a character that no Authorization field can carry.";
  if (token.startsWith("whsec_")) {
    return "It is a webhook secret, and senders of purges must not have the operator's token.";
  }
  const same = secretEqualTo(token, env);
  if (same !== undefined)
    return `It is the same secret as ${same}, so anybody who has one has both.`;
  const guessable = guessableBy(token);
  return guessable && `It ${guessable}.`;
}

/** Returns the name of another variable that holds the same secret; `undefined` if none does. */
function secretEqualTo(token: string, env: Env): string | undefined {
  const redis = databaseVariables.TOKEN.find((name) => textOf(env, name) === token);
  if (redis !== undefined) return redis;
  const other = Object.keys(env).find((name) => {
    return (
      /^(?:HOOK|OUTWARD)_SECRET_/.test(name) &&
      textOf(env, name)
        ?.split(/[\s,]+/)
        .includes(token)
    );
  });
  if (other !== undefined) return other;
  const isSame = purgeSecretsIn(env).some((secret) => {
    const base64 = secret.replace("whsec_", "");
    return [secret, base64, secretForm.test(secret) && textIn(base64)].includes(token);
  });
  return isSame ? "PURGE_SECRET" : undefined;
}

/** `whsec_`, and the base64 of at least 12 bytes, which has no single last character. */
export const secretForm = /^whsec_(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2,3})?={0,2}$/;

const purgeSecretsIn = (env: Env): string[] => textOf(env, "PURGE_SECRET")?.split(/\s+/) ?? [];

const isUsable = (secret: string) =>
  secretForm.test(secret) && guessablePurgeSecretBy(secret) === undefined;

/**
 * Reads PURGE_SECRET: one or more secrets, separated by spaces, that verify signed purges. A faulty
 * secret does not disable the others.
 *
 * @param faults receives the fault, even if some secrets are usable
 */
export function purgeSecretsOf(env: Env, faults: Fault[]): Secret {
  if (!isSet(env, "PURGE_SECRET")) return undefined;
  const all = purgeSecretsIn(env);
  const formed = all.filter((secret) => secretForm.test(secret));
  const usable = formed.filter(isUsable);
  const isNone = usable.length === 0;
  if (!isNone && usable.length === all.length) return usable.join(" ");
  const [guessable] = formed.flatMap((secret) => guessablePurgeSecretBy(secret) ?? []);
  const one = isNone ? "It" : "One";
  const isOfForm = formed.length === all.length && guessable !== undefined;
  const fault = {
    what: isNone
      ? "PURGE_SECRET is not usable, so no signature is accepted."
      : `PURGE_SECRET is usable in part: ${all.length - usable.length} of its secrets cannot verify a signature.`,
    why: isOfForm
      ? `${one} ${guessable}.`
      : `${one} is not whsec_ and base64 of at least 12 bytes.`,
    hint: isOfForm
      ? "Write whsec_ and the output of `openssl rand -base64 24`; separate several with spaces."
      : "Write whsec_ and base64; separate several with spaces.",
  };
  faults.push(fault);
  return isNone ? fault : usable.join(" ");
}

/**
 * Returns faults for weak settings. These settings stay in use, because disabling them would break
 * the site.
 *
 * @param env variables and secrets
 */
export function weakSettingsIn(env: Env): Fault[] {
  const token = textOf(env, "ADMIN_TOKEN") ?? "";
  // A secret that is not usable has its own fault.
  const bases = purgeSecretsIn(env)
    .filter(isUsable)
    .map((secret) => secret.replace("whsec_", ""));
  const redis = databaseVariables.TOKEN.filter((name) => bases.includes(textOf(env, name) ?? ""));
  return [
    ...(isFewWords(token) ? [fewWords] : []),
    ...(bases.some((base64) => textIn(base64) !== undefined) ? [typedSecret] : []),
    ...redis.map(sharedWithSenders),
    ...databaseVariables.URL.filter((name) => isClear(textOf(env, name))).map(clearText),
  ];
}

const fewWords: Fault = {
  what: "ADMIN_TOKEN could be guessed.",
  why: "It consists of two or three words.",
  hint: hintOfAdminToken,
};

const typedSecret: Fault = {
  what: "PURGE_SECRET could be guessed.",
  why: "Its base64 encodes readable text instead of random bytes.",
  hint: "Write whsec_ and the output of `openssl rand -base64 24`, here and at the senders of purges.",
};

const sharedWithSenders = (name: string): Fault => ({
  what: "Senders of purges have the token of the database.",
  why: `PURGE_SECRET holds the same secret as ${name}.`,
  hint: "Give PURGE_SECRET its own value, and rotate the database's token.",
});

const clearText = (name: string): Fault => ({
  what: "The database's token and all stored responses travel in clear text.",
  why: `${name} begins with "http:" and names a host outside of this machine's network.`,
  hint: `Write the address in ${name} with "https:".`,
});

/** Hosts of this machine or a private network, where a proxy in front of Redis often has no TLS. */
export const privateHost =
  /^(?:[^.:[]+|.*\.(?:localhost|local|internal|test|invalid)|(?:127|10)\.[\d.]+|192\.168\.[\d.]+|169\.254\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[(?:::1|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)\])$/;

function isClear(address: string | undefined): boolean {
  const url = URL.parse(address ?? "");
  return url?.protocol === "http:" && !privateHost.test(url.hostname);
}
