// Reads the operator's secrets among the Worker's bindings: who may look, and who may purge.
import type { Fault } from "../../base/operator-error.ts";
import { canBeBorne, type Env, isSet, textOf } from "./bindings.ts";
import { guessableBy, guessablePurgeSecretBy, isFewWords, textIn } from "./weak-secrets.ts";

/** Its text; why it is not usable; or `undefined` where it is not set. */
export type Secret = string | Fault | undefined;

const adminTokenCharsMin = 16;

/**
 * ADMIN_TOKEN, which opens the operator's routes. A token that others know, or could guess, opens nothing: pages and
 * signed purges do not need it.
 */
export function adminTokenOf(env: Env): Secret {
  if (!isSet(env, "ADMIN_TOKEN")) return undefined;
  const token = textOf(env, "ADMIN_TOKEN");
  const why = token === undefined ? "It is not a text." : adminTokenFault(token, env);
  if (why === undefined) return token;
  const what = "ADMIN_TOKEN is not usable, so it opens nothing.";
  return { what, why, mend: mendOfAdminToken };
}

const mendOfAdminToken = `Set a random text of ${adminTokenCharsMin} characters or more, such as \`openssl rand -hex 24\` makes.`;

function adminTokenFault(token: string, env: Env): string | undefined {
  if (token.length < adminTokenCharsMin) {
    return `It has fewer than ${adminTokenCharsMin} characters and could be guessed.`;
  }
  if (!canBeBorne(token)) return "It has a character that no Authorization field can carry.";
  if (token.startsWith("whsec_")) {
    return "It is a secret for webhooks, and whoever sends purges must not have the operator's token.";
  }
  const same = secretEqualTo(token, env);
  if (same !== undefined) return `It is the same secret as ${same}, so whoever has that has both.`;
  const guessable = guessableBy(token);
  return guessable && `It ${guessable}.`;
}

const redisTokens = ["UPSTASH_REDIS_REST_TOKEN", "JOURNAL_REDIS_REST_TOKEN"];

/** @returns the name of the variable that holds the same secret */
function secretEqualTo(token: string, env: Env): string | undefined {
  const redis = redisTokens.find((name) => textOf(env, name) === token);
  if (redis !== undefined) return redis;
  const hook = Object.keys(env).find((name) => {
    return (
      name.startsWith("HOOK_SECRET_") &&
      textOf(env, name)
        ?.split(/[\s,]+/)
        .includes(token)
    );
  });
  if (hook !== undefined) return hook;
  const isSame = purgeSecretsIn(env).some((secret) => {
    const base64 = secret.replace("whsec_", "");
    return [secret, base64, secretForm.test(secret) && textIn(base64)].includes(token);
  });
  return isSame ? "PURGE_SECRET" : undefined;
}

const secretForm = /^whsec_[A-Za-z0-9+/]{16,}={0,2}$/;

const purgeSecretsIn = (env: Env): string[] => textOf(env, "PURGE_SECRET")?.split(/\s+/) ?? [];

/**
 * PURGE_SECRET, which signs webhooks: one secret or more, with a space between. A secret that is
 * wrong must not shut out who signs with another.
 *
 * @param faults gets what is wrong, also where a part of it is usable
 */
export function purgeSecretsOf(env: Env, faults: Fault[]): Secret {
  if (!isSet(env, "PURGE_SECRET")) return undefined;
  const all = purgeSecretsIn(env);
  const formed = all.filter((secret) => secretForm.test(secret));
  const usable = formed.filter((secret) => guessablePurgeSecretBy(secret) === undefined);
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
    mend: isOfForm
      ? "Write whsec_ and what `openssl rand -base64 24` makes; several with a space between."
      : "Write whsec_ and base64; several with a space between.",
  };
  faults.push(fault);
  return isNone ? fault : usable.join(" ");
}

/**
 * What is weak, and used all the same: to turn it off would take down what needs it.
 *
 * @param env variables and secrets; those that are not set are passed over
 */
export function weakSettingsIn(env: Env): Fault[] {
  const token = textOf(env, "ADMIN_TOKEN") ?? "";
  const secrets = purgeSecretsIn(env).filter((secret) => secretForm.test(secret));
  const bases = secrets.map((secret) => secret.replace("whsec_", ""));
  const redis = redisTokens.filter((name) => bases.includes(textOf(env, name) ?? ""));
  return [
    ...(isFewWords(token) ? [fewWords] : []),
    ...(bases.some((base64) => textIn(base64) !== undefined) ? [typedSecret] : []),
    ...redis.map(sharedWithSenders),
    ...redisAddresses.filter((name) => isClear(textOf(env, name))).map(clearText),
  ];
}

const fewWords: Fault = {
  what: "ADMIN_TOKEN could be guessed.",
  why: "It consists of two or three words.",
  mend: mendOfAdminToken,
};

const typedSecret: Fault = {
  what: "PURGE_SECRET could be guessed.",
  why: "Its base64 is a text that can be typed, and not random bytes.",
  mend: "Write whsec_ and what `openssl rand -base64 24` makes, here and at the senders of purges.",
};

const sharedWithSenders = (name: string): Fault => ({
  what: "Senders of purges know the token of the database.",
  why: `PURGE_SECRET holds the same secret as ${name}.`,
  mend: "Give PURGE_SECRET a value of its own, and make a new token for the database.",
});

const redisAddresses = ["UPSTASH_REDIS_REST_URL", "JOURNAL_REDIS_REST_URL"];

const clearText = (name: string): Fault => ({
  what: "The token of the database and all that is stored travel in clear text.",
  why: `${name} begins with "http:" and names a host outside of this machine and its network.`,
  mend: `Write the address in ${name} with "https:".`,
});

/** A host of this machine or of a private network: such a proxy before Redis often has no TLS. */
const privateHost =
  /^(?:[^.:[]+|.*\.(?:localhost|local|internal|test|invalid)|(?:127|10)\.[\d.]+|192\.168\.[\d.]+|169\.254\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[(?:::1|f[cd][0-9a-f]{2}:.*|fe[89ab][0-9a-f]:.*)\])$/;

function isClear(address: string | undefined): boolean {
  const url = URL.parse(address ?? "");
  return url?.protocol === "http:" && !privateHost.test(url.hostname);
}
