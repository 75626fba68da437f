// Authorizes operators, who send ADMIN_TOKEN (RFC 6750 §2.1) or a token derived from it.
import type { CredentialRefusal } from "../protocol/families.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import { isOperatorHost } from "../base/operator-host.ts";
import type { Secret } from "../protocol/variables/secrets.ts";
import {
  challengeField,
  challengeIn,
  judgeToken,
  proofOf,
  readTokenForm,
  type TokenKey,
  tokenKey,
  type TokenScope,
} from "../protocol/operator-token.ts";
import {
  RefusedCredentials,
  type RefusedCredentialsSettings,
} from "./access/refused-credentials.ts";
import { jsonAnswer, errorAnswer } from "./json-answers.ts";

interface OperatorAuthSettings extends RefusedCredentialsSettings {
  readonly adminToken: Secret;
  /** The hosts in SITE_HOST; empty if the variable is not set. */
  readonly siteHosts: readonly string[];
  /** The host of the dashboard alone; `undefined` for none. */
  readonly operatorHost: string | undefined;
}

/** Why a bearer token does not suffice. The status is 403 for a valid token that only reads. */
interface BearerRefusal {
  readonly status: 401 | 403;
  readonly why: string;
}

/** Longer credentials are rejected without hashing. */
const credentialCharsMax = 4_096;

/** Keys for judging ADMIN_TOKEN and derived tokens. The first credential or challenge creates them. */
interface Keys {
  readonly ofToken: TokenKey;
  /** Random per isolate, so that the timing of digest comparisons reveals nothing. */
  readonly random: CryptoKey;
  readonly digest: ArrayBuffer;
}

/** Judges credentials, and counts wrong credentials. One instance per isolate. */
export class OperatorAuth {
  readonly #settings: OperatorAuthSettings;
  readonly refusals: RefusedCredentials;
  #keys: Promise<Keys> | undefined;

  constructor(settings: OperatorAuthSettings) {
    this.#settings = settings;
    this.refusals = new RefusedCredentials(settings);
  }

  /** ADMIN_TOKEN; a fault if it is unusable, `undefined` if it is not set. */
  get adminToken(): Secret {
    return this.#settings.adminToken;
  }

  /** Returns whether the request came to `operatorHost`, which serves only what the dashboard reads. */
  isOperatorHost({ url }: Pick<Request, "url">): boolean {
    return isOperatorHost(new URL(url).host, this.#settings.operatorHost);
  }

  /** Returns whether the request's host serves the dashboard. On the local machine, each host does. */
  hasDashboard(request: Pick<Request, "url">): boolean {
    if (this.#settings.operatorHost === undefined || this.isOperatorHost(request)) return true;
    return loopbackHosts.has(new URL(request.url).hostname);
  }

  /**
   * Returns why `Authorization` has no token that suffices; `undefined` if it has one.
   *
   * @param scope `read` for a route that the dashboard reads, for which a token of this scope suffices
   */
  async whyRefused(
    request: Request,
    scope: "operator" | "read" = "operator",
  ): Promise<BearerRefusal | undefined> {
    const judged = await this.#judgedBearer(request, scope);
    if (judged === "valid") return undefined;
    return { status: judged === "read-only" ? 403 : 401, why: whyOf[judged] };
  }

  /** Returns the error response; `undefined` if the request has a token that suffices. */
  async refusalOf(request: Request, scope?: "operator" | "read"): Promise<Response | undefined> {
    const what = "Access to this route was refused.";
    if (isFault(this.adminToken)) return notUsable(this.adminToken, what);
    const refusal = await this.whyRefused(request, scope);
    return refusal && refusedBearer(what, refusal);
  }

  /** Returns whether `Tidemark-Debug` holds the admin token, or a derived token of scope `debug`. */
  async mayDebug(request: Request, given: string): Promise<boolean> {
    return (await this.#counted("debug", this.#judged(request, given, "debug"))) === "valid";
  }

  /**
   * Answers `GET /_cache/proof`: proves that this site has ADMIN_TOKEN. The command requires this
   * proof before it sends any token, even a derived one.
   *
   * @returns 200 with `proof` and `atSeconds`, by this site's clock; 401 without a challenge or
   *   ADMIN_TOKEN, or if the challenge's signature is wrong; 503 if ADMIN_TOKEN is unusable
   */
  async proof(request: Request): Promise<Response> {
    const what = "The challenge was refused.";
    if (isFault(this.adminToken)) return notUsable(this.adminToken, what);
    const given = request.headers.get(challengeField);
    const refused = (why: string) =>
      errorAnswer(401, { code: "unauthorized", what, why, hint: hintOfProof });
    if (given === null || this.adminToken === undefined) return refused("There is no challenge.");
    const { ofToken } = await this.#keysOf(this.adminToken);
    const found = await challengeIn(ofToken, bounded(given), this.#hostsOf(request));
    if (found === undefined) {
      this.refusals.refused("challenge", "wrong");
      const signed = "signed with this deployment's ADMIN_TOKEN for this host";
      return refused(`The challenge is not ${signed}, ${new URL(request.url).host}.`);
    }
    this.refusals.accepted("challenge");
    const atSeconds = Math.floor(this.#settings.nowAtMs() / 1_000);
    return jsonAnswer({ proof: await proofOf(ofToken, { ...found, atSeconds }), atSeconds });
  }

  async #judgedBearer(
    request: Request,
    needed: "operator" | "read",
  ): Promise<"valid" | "absent" | CredentialRefusal> {
    const field = request.headers.get("authorization");
    if (field === null) return "absent";
    const [, given] = /^Bearer +(\S+) *$/i.exec(bounded(field)) ?? [];
    if (given === undefined) return this.#counted("bearer", Promise.resolve("malformed"));
    const scope = readTokenForm.test(given) ? "read" : "operator";
    const isShort = scope === "read" && needed === "operator";
    const judged = this.#judged(request, given, scope);
    return this.#counted(
      "bearer",
      judged.then((one) => (one === "valid" && isShort ? "read-only" : one)),
    );
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
    const hosts = this.#hostsOf(request, scope);
    return judgeToken(ofToken, given, { scope, hosts, atSeconds });
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
    return (this.#keys ??= keysOf(adminToken));
  }

  /**
   * Returns the hosts that a derived token may name: SITE_HOST, and the request's host if it is
   * trusted. On Cloudflare it is trusted, because Cloudflare routes by host. Elsewhere an attacker
   * in the middle could choose the host, so it is trusted only without SITE_HOST, or for loopback. With
   * `operatorHost`, a token that only reads is valid nowhere but where the dashboard is.
   */
  #hostsOf(request: Request, scope: TokenScope = "operator"): ReadonlySet<string> {
    const { siteHosts, operatorHost } = this.#settings;
    const { host, hostname } = new URL(request.url);
    if (scope === "read" && operatorHost !== undefined) {
      return new Set(this.hasDashboard(request) ? [host] : []);
    }
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

/** Truncates a long field. A truncated credential matches nothing, and is cheap to reject. */
const bounded = (field: string) => field.slice(0, credentialCharsMax + 64);

const whyOf: Readonly<Record<CredentialRefusal | "absent", string>> = {
  absent: "The request has no Authorization field.",
  wrong: "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer token.",
  malformed:
    "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer token.",
  expired: "The Authorization field holds an expired derived token.",
  "read-only": "The Authorization field holds a token of the dashboard, which only reads.",
};
const hintOfBearer =
  'Send "Authorization: Bearer <ADMIN_TOKEN>", with the value of the secret ADMIN_TOKEN.';
const hintOfProof =
  "Use the command tidemark with the value of the secret ADMIN_TOKEN, and with a host of the site.";

/** Returns the error response for a bearer token that does not suffice (RFC 6750 §3.1). */
export function refusedBearer(
  what: string,
  { status, why }: BearerRefusal,
  hint = hintOfBearer,
): Response {
  if (status === 401) {
    const error = { code: "unauthorized", what, why, hint };
    return errorAnswer(401, error, { "www-authenticate": "Bearer" });
  }
  const error = { code: "forbidden", what, why, hint: "Use the command tidemark." };
  return errorAnswer(403, error, { "www-authenticate": 'Bearer error="insufficient_scope"' });
}

/**
 * Returns the 503 for an unusable secret.
 *
 * @param fault the reason, without any part of the secret
 */
export function notUsable(fault: Fault, what: string): Response {
  const why = `On this deployment, ${fault.what} ${fault.why}`;
  return errorAnswer(503, { code: "not-usable", what, why, hint: fault.hint });
}
