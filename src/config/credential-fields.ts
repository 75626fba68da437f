// Request fields that look like a credential: who may use a response to such a request depends on them.
// docs/configuration.md lists them; a test compares the two.
import { tokenPattern } from "../rules/directives.ts";
import type { NamePatterns } from "./known-names.ts";

/** Names of fields in lower case; a `*` at one end stands for any rest. */
export interface CredentialNames {
  /** Fields that count as a credential. */
  readonly add: NamePatterns;
  /** Fields that do not. */
  readonly except: NamePatterns;
}

/** Prove who asks: keys, tokens, sessions, signatures. */
const proofs =
  "*-key *apikey *token *secret *jwt *assertion *auth *authorization *authentication *password " +
  "*passwd *passphrase *-otp *signature signature-input *credential *credentials *-ticket *macaroon " +
  "*macaroons *nonce *csrf *xsrf *-crumb dpop key sec-token-binding concealed-auth-export " +
  "x-auth-* x-jwt-* cf-access-* x-firebase-appcheck x-honeycomb-team";

/** Name a session, or the user that a proxy or an application has recognised. */
const identities =
  "*session *session-id *sessionid *-user *-user-id *userid *username *-user-name *-user-email " +
  "*-email *userinfo *-account-id *-customer-id *-member-id client-id *-client-id *principal *-roles " +
  "*-groups *-claims *on-behalf-of sudo x-user-role impersonate-* x-consumer-* x-hasura-* " +
  "x-authentik-* x-pomerium-* tailscale-user-* x-webauth-* x-replit-user-* x-goog-authuser";

/** A client's certificate, as a TLS proxy forwards it (RFC 9440). */
const certificates =
  "client-cert client-cert-chain *-client-cert *-clientcert *-client-certificate cf-client-cert-* " +
  "x-client-dn x-subject-dn x-tls-client-*";

/** Have a name of these forms and tell nothing of who asks, or differ in each request of one client. */
const harmless =
  "postman-token x-playback-session-id sec-fetch-user sec-websocket-key idempotency-key " +
  "x-idempotency-key cache-key x-cache-key x-atlassian-token";

/** What holds where the configuration says nothing. */
export const knownCredentialFields: CredentialNames = {
  add: [proofs, identities, certificates].flatMap((names) => names.split(" ")),
  except: harmless.split(" "),
};

/** Clients choose the names, so few are remembered, and none that is long. */
const rememberedMax = 512;
const rememberedCharactersMax = 64;

/** Tells which fields look like a credential. A request has the same names again and again. */
export class CredentialFields {
  readonly #entryOf: (name: string) => string | undefined;
  readonly #remembered = new Map<string, string>();

  /** @param levels the first that names a field decides */
  constructor(levels: readonly CredentialNames[]) {
    const decide = levels.map((level) =>
      level === knownCredentialFields ? known() : decider(level),
    );
    this.#entryOf = (name) => {
      for (const entryIn of decide) {
        const entry = entryIn(name);
        if (entry !== undefined) return entry.isCredential ? entry.pattern : undefined;
      }
      return undefined;
    };
  }

  /**
   * @param name in lower case
   * @returns the entry of the lists that makes it a credential; `undefined` if it is none
   */
  entryFor(name: string): string | undefined {
    const remembered = this.#remembered.get(name);
    if (remembered !== undefined) return remembered === "" ? undefined : remembered;
    const entry = this.#entryOf(name);
    if (this.#remembered.size >= rememberedMax) this.#remembered.clear();
    if (name.length <= rememberedCharactersMax) this.#remembered.set(name, entry ?? "");
    return entry;
  }
}

/**
 * Does a request field look like a credential by the known names alone?
 *
 * @param name in any case; what is no field name is none
 */
export function isCredentialField(name: string): boolean {
  return tokenPattern.test(name) && known()(name.toLowerCase())?.isCredential === true;
}

interface Entry {
  readonly pattern: string;
  readonly isCredential: boolean;
}

let knownDecider: ReturnType<typeof decider> | undefined;

/** The longest level, which every route has: made once. */
function known() {
  return (knownDecider ??= decider(knownCredentialFields));
}

/** A whole name goes before a pattern; between two alike, `add` does. */
function decider({ add, except }: CredentialNames): (name: string) => Entry | undefined {
  const entries = [
    ...except.map((pattern) => ({ pattern, isCredential: false })),
    ...add.map((pattern) => ({ pattern, isCredential: true })),
  ];
  const whole = new Map(entries.map((entry) => [entry.pattern, entry]));
  const patterns = entries.filter(({ pattern }) => pattern.includes("*")).toReversed();
  return (name) => whole.get(name) ?? patterns.find(({ pattern }) => fits(pattern, name));
}

function fits(pattern: string, name: string): boolean {
  if (pattern.endsWith("*")) return name.startsWith(pattern.slice(0, -1));
  return name.endsWith(pattern.slice(1));
}
