// Authorizes operators: bearers of ADMIN_TOKEN (RFC 6750 §2.1), or of a token derived from it.
import type { CredentialRefusal } from "../protocol/families.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import type { Secret } from "../protocol/variables/secrets.ts";
import {
  challengeField,
  challengeIn,
  judgeToken,
  proofOf,
  type TokenKey,
  tokenKey,
  type TokenScope,
} from "../protocol/operator-token.ts";
import {
  RefusedCredentials,
  type RefusedCredentialsSettings,
} from "./access/refused-credentials.ts";
import { jsonAnswer, errorAnswer } from "./json-answers.ts";

export interface OperatorGateSettings extends RefusedCredentialsSettings {
  readonly adminToken: Secret;
  /** SITE_HOST; empty if it is not set. */
  readonly siteHosts: readonly string[];
}

/** Longer texts are rejected without hashing. */
const credentialCharsMax = 4_096;

/** Keys for comparing both kinds of tokens, created at the first request that carries one. */
interface Keys {
  readonly ofToken: TokenKey;
  /** Random per isolate, so that the timing of digest comparisons reveals nothing. */
  readonly random: CryptoKey;
  readonly digest: ArrayBuffer;
}

/** Judges credentials, and counts the wrong ones. One per isolate. */
export class OperatorGate {
  readonly #settings: OperatorGateSettings;
  readonly refusals: RefusedCredentials;
  #keys: Promise<Keys> | undefined;

  constructor(settings: OperatorGateSettings) {
    this.#settings = settings;
    this.refusals = new RefusedCredentials(settings);
  }

  /** ADMIN_TOKEN; a fault if it is unusable, `undefined` if it is not set. */
  get adminToken(): Secret {
    return this.#settings.adminToken;
  }

  /** Returns whether `Authorization` holds the token. A missing field is not counted as a refusal. */
  async isOperator(request: Request): Promise<boolean> {
    return (await this.#judgedBearer(request)) === "valid";
  }

  /** Returns the error response, or `undefined` for the bearer of a usable token. */
  async refusalOf(request: Request): Promise<Response | undefined> {
    const what = "This route was not opened.";
    if (isFault(this.adminToken)) return notUsable(this.adminToken, what);
    const judged = await this.#judgedBearer(request);
    if (judged === "valid") return undefined;
    const error = { code: "unauthorized", what, why: whyOf[judged], hint: hintOfBearer };
    return errorAnswer(401, error, { "www-authenticate": "Bearer" });
  }

  /** Returns whether the value of `Tidemark-Debug` is the token. */
  async mayDebug(request: Request, given: string): Promise<boolean> {
    return (await this.#counted("debug", this.#judged(request, given, "debug"))) === "valid";
  }

  /**
   * `GET /_cache/proof`: proves that this site knows ADMIN_TOKEN. The client checks this before it sends any
   * token, even a derived one.
   *
   * @returns 200 with `proof` and `atSeconds`, by this site's clock; 401 for a challenge with a bad signature
   */
  async proof(request: Request): Promise<Response> {
    const what = "Nothing was proved.";
    if (isFault(this.adminToken)) return notUsable(this.adminToken, what);
    const given = request.headers.get(challengeField);
    if (given === null || this.adminToken === undefined) {
      const error = {
        code: "unauthorized",
        what,
        why: "There is no challenge.",
        hint: hintOfProof,
      };
      return errorAnswer(401, error);
    }
    const { ofToken } = await this.#keysOf(this.adminToken);
    const found = await challengeIn(ofToken, bounded(given), this.#hostsOf(request));
    if (found === undefined) {
      this.refusals.refused("challenge", "wrong");
      const why = "The challenge is not signed with this deployment's ADMIN_TOKEN for this host.";
      return errorAnswer(401, { code: "unauthorized", what, why, hint: hintOfProof });
    }
    this.refusals.accepted("challenge");
    const atSeconds = Math.floor(this.#settings.nowAtMs() / 1_000);
    return jsonAnswer({ proof: await proofOf(ofToken, { ...found, atSeconds }), atSeconds });
  }

  async #judgedBearer(request: Request): Promise<"valid" | "absent" | CredentialRefusal> {
    const field = request.headers.get("authorization");
    if (field === null) return "absent";
    const [, given] = /^Bearer +(\S+) *$/i.exec(bounded(field)) ?? [];
    const judged =
      given === undefined
        ? Promise.resolve("malformed" as const)
        : this.#judged(request, given, "operator");
    return this.#counted("bearer", judged);
  }

  async #judged(
    request: Request,
    given: string,
    scope: TokenScope,
  ): Promise<"valid" | CredentialRefusal> {
    const { adminToken, nowAtMs } = this.#settings;
    if (given === "" || given.length > credentialCharsMax) return "malformed";
    if (adminToken === undefined || isFault(adminToken)) return "wrong";
    const { ofToken, random, digest } = await this.#keysOf(adminToken);
    const bytes = new TextEncoder().encode(given);
    if (await crypto.subtle.verify("HMAC", random, digest, bytes)) return "valid";
    const atSeconds = nowAtMs() / 1_000;
    return judgeToken(ofToken, given, { scope, hosts: this.#hostsOf(request), atSeconds });
  }

  async #counted(
    credential: "bearer" | "debug",
    judging: Promise<"valid" | CredentialRefusal>,
  ): Promise<"valid" | CredentialRefusal> {
    const judged = await judging;
    if (judged === "valid") this.refusals.accepted(credential);
    else this.refusals.refused(credential, judged);
    return judged;
  }

  #keysOf(adminToken: string): Promise<Keys> {
    this.#keys ??= keysOf(adminToken);
    return this.#keys;
  }

  /**
   * Returns the hosts that a derived token may name. Cloudflare routes by host, so the request's host
   * is trusted there. Elsewhere the client chooses it, and a man in the middle could choose its own.
   */
  #hostsOf(request: Request): ReadonlySet<string> {
    const { siteHosts } = this.#settings;
    const { host, hostname } = new URL(request.url);
    const isBelieved =
      siteHosts.length === 0 || request.cf !== undefined || loopbackHosts.has(hostname);
    return new Set(isBelieved ? [host, ...siteHosts] : siteHosts);
  }
}

const loopbackHosts: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

async function keysOf(adminToken: string): Promise<Keys> {
  const uses = ["sign", "verify"] as const;
  const random = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, uses);
  const digest = await crypto.subtle.sign("HMAC", random, new TextEncoder().encode(adminToken));
  return { ofToken: await tokenKey(adminToken), random, digest };
}

/** Truncates long fields. The rest matches nothing and is cheap to reject. */
const bounded = (field: string) => field.slice(0, credentialCharsMax + 64);

const whyOf: Readonly<Record<CredentialRefusal | "absent", string>> = {
  absent: "The request has no Authorization field.",
  wrong: "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer.",
  malformed: "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer.",
  expired: "The Authorization field holds a derived token whose time is over.",
};
const hintOfBearer =
  'Send "Authorization: Bearer <ADMIN_TOKEN>", with the value that was set as the secret ADMIN_TOKEN.';
const hintOfProof =
  "Use the command tidemark with the value that was set as the secret ADMIN_TOKEN, and with a host of the site.";

/** @param fault says why the secret is unusable, and nothing else about it */
export function notUsable(fault: Fault, what: string): Response {
  const why = `On this deployment, ${fault.what} ${fault.why}`;
  return errorAnswer(503, { code: "not-usable", what, why, hint: fault.hint });
}
