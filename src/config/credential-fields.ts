// Request fields that look like credentials. Responses to such requests may be for one user only.
import { once, onceForChosen } from "../base/once.ts";
import { tokenPattern } from "../rules/cache-control.ts";
import type { NamePatterns } from "./known-names.ts";

/** Field names in lower case. A `*` at one end matches any text. */
export interface CredentialNames {
  /** Fields that are a credential. */
  readonly add: NamePatterns;
  /** Fields that are not a credential. */
  readonly except: NamePatterns;
}

/** Fields that authenticate the client: keys, tokens, sessions, signatures. */
const proofs =
  "*-key *apikey *token *secret *jwt *assertion *auth *authorization *authentication *password " +
  "*passwd *passphrase *-otp *signature signature-input *credential *credentials *-ticket *macaroon " +
  "*macaroons *nonce *csrf *xsrf *-crumb dpop key sec-token-binding concealed-auth-export " +
  "x-auth-* x-jwt-* cf-access-* x-firebase-appcheck x-honeycomb-team";

/** Fields that identify a session, or a user that a proxy or application has recognized. */
const identities =
  "*session *session-id *sessionid *-user *-user-id *userid *username *-user-name *-user-email " +
  "*-email *userinfo *-account-id *-customer-id *-member-id client-id *-client-id *principal *-roles " +
  "*-groups *-claims *on-behalf-of sudo x-user-role impersonate-* x-consumer-* x-hasura-* " +
  "x-authentik-* x-pomerium-* tailscale-user-* x-webauth-* x-replit-user-* x-goog-authuser";

/** A client's certificate, as forwarded by a TLS proxy (RFC 9440). */
const certificates =
  "client-cert client-cert-chain *-client-cert *-clientcert *-client-certificate cf-client-cert-* " +
  "x-client-dn x-subject-dn x-tls-client-*";

/** Exceptions: fields that match the lists above, but neither authenticate nor identify a client. */
const harmless =
  "postman-token x-playback-session-id sec-fetch-user sec-websocket-key idempotency-key " +
  "x-idempotency-key cache-key x-cache-key x-atlassian-token";

/** The default lists. */
export const knownCredentialFields: CredentialNames = {
  add: [proofs, identities, certificates].flatMap((names) => names.split(" ")),
  except: harmless.split(" "),
};

/** Decides which fields look like credentials. Memoizes results, because requests repeat names. */
export class CredentialFields {
  /** Returns the pattern; empty if the field is not a credential. */
  readonly #entryOf: (name: string) => string;

  /** @param levels in order of precedence: the first that lists a field decides */
  constructor(levels: readonly CredentialNames[]) {
    const decide = levels.map((level) =>
      level === knownCredentialFields ? known() : decider(level),
    );
    this.#entryOf = onceForChosen((name) => {
      for (const entryIn of decide) {
        const entry = entryIn(name);
        if (entry !== undefined) return entry.isCredential ? entry.pattern : "";
      }
      return "";
    });
  }

  /**
   * @param name in lower case
   * @returns the pattern that makes the field a credential; `undefined` if it is not a credential
   */
  entryFor(name: string): string | undefined {
    return this.#entryOf(name) || undefined;
  }
}

/**
 * Returns whether a field looks like a credential by the default lists.
 *
 * @param name in any case; invalid field names return false
 */
export function isCredentialField(name: string): boolean {
  return tokenPattern.test(name) && known()(name.toLowerCase())?.isCredential === true;
}

interface Entry {
  readonly pattern: string;
  readonly isCredential: boolean;
}

/** Returns the decider of the default lists, which are long. */
const known = once(() => decider(knownCredentialFields));

/**
 * Returns a function that finds the entry for a name. Exact names precede patterns. Among exact
 * names, and among patterns, `add` precedes `except`.
 */
function decider({ add, except }: CredentialNames): (name: string) => Entry | undefined {
  const entries = [
    ...except.map((pattern) => ({ pattern, isCredential: false })),
    ...add.map((pattern) => ({ pattern, isCredential: true })),
  ];
  const whole = new Map(entries.map((entry) => [entry.pattern, entry]));
  const patterns = entries.filter(({ pattern }) => pattern.includes("*")).toReversed();
  return (name) => whole.get(name) ?? patterns.find(({ pattern }) => fits(pattern, name));
}

/** Returns whether a name is that of the pattern, which may have a `*` at one end. */
export function fits(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  return pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern;
}
